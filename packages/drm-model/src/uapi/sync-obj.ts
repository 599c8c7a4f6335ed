import type { Holder } from "@gpuvm/core";
import type { CountedFence } from "../gpu/counted-fence.ts";

/**
 * A box for one fence that programs pass around (`struct drm_syncobj`, of the binary kind): it keeps the fence, signalled
 * or not, until another takes the place.
 */
export class SyncObj {
  /** `syncobj#3`, for findings. */
  readonly name: string;
  /** What is in it; counted. */
  fence: CountedFence | null = null;
  /** References: a file's handle, and whoever else looked it up. */
  refs = 1;

  /** An empty box. */
  constructor(name: string) {
    this.name = name;
  }

  /** Puts a fence into it, or none (`drm_syncobj_replace_fence`). */
  replace(fence: CountedFence | null): void {
    const old = this.fence;
    this.fence = fence?.get(this) ?? null;
    old?.put(this);
  }

  /** The fence with a reference for `holder` (`drm_syncobj_fence_get`), or null. */
  find(holder: Holder): CountedFence | null {
    return this.fence?.get(holder) ?? null;
  }

  /** Drops a reference; the last one lets the fence go (`drm_syncobj_put`). */
  put(): void {
    if (--this.refs === 0) this.replace(null);
  }
}
