import type { Holder } from "@gpuvm/core";
import type { CountedFence } from "../gpu/counted-fence.ts";

/** What a job does with a syncobj before or after it runs. */
export interface SyncOp {
  /** The syncobj's number in its file. */
  readonly handle: number;
  /** Waits before the job; else signals after it. */
  readonly wait: boolean;
  /** Point on its timeline; 0 or absent: it is a binary one. */
  readonly point?: number;
}

/**
 * A box for one fence that programs pass around (`struct drm_syncobj`): it keeps the fence, signalled or not, until
 * another takes the place. Or for a timeline: a fence for each point.
 */
export class SyncObj {
  /** `syncobj#3`, for findings. */
  readonly name: string;
  /** What is in it; counted. */
  fence: CountedFence | null = null;
  /** Fences by point, ascending; counted. */
  readonly points: { readonly point: number; readonly fence: CountedFence }[] = [];
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

  /** A point more on its timeline (`drm_syncobj_add_point`). */
  add(point: number, fence: CountedFence): void {
    this.points.push({ point, fence: fence.get(this) });
  }

  /**
   * The fence, of a point or a later one, with a reference for `holder` (`drm_syncobj_find_fence`, without waiting for a
   * submit), or null.
   */
  find(holder: Holder, point = 0): CountedFence | null {
    const found = point === 0 ? this.fence : (this.points.find((p) => p.point >= point)?.fence ?? null);
    return found?.get(holder) ?? null;
  }

  /** Drops a reference; the last one lets the fence go (`drm_syncobj_put`). */
  put(): void {
    if (--this.refs > 0) return;
    this.replace(null);
    for (const { fence } of this.points.splice(0)) fence.put(this);
  }
}
