import { DmaFence, type DrmDevice, EINVAL, ENOENT, type Errno, type Holder } from "@gpuvm/core";
import { CountedFence } from "../gpu/counted-fence.ts";
import { FenceChain } from "../gpu/fence-chain.ts";

/** While schedules are explored: finds a point of a timeline that is reached before the one before it is. */
function notBefore(chain: CountedFence, before: CountedFence): void {
  chain.base.onSignal(() => {
    if (!before.base.signaled) chain.dev.warn("a point of a timeline is reached, and one before it is not");
  });
}

/** What a job does with a syncobj before or after it runs. */
export interface SyncOp {
  /** The syncobj's number in its file. */
  readonly handle: number;
  /** Waits before the job; else signals after it. */
  readonly wait: boolean;
  /** Point on its timeline; 0 or absent: it is a binary one. */
  readonly point?: number;
  /** msm (`MSM_SYNCOBJ_RESET`): once the fence to wait for was taken out, the syncobj has none. */
  readonly reset?: boolean;
  /**
   * xe (`DRM_XE_SYNC_TYPE_USER_FENCE`): it is no syncobj, but a word of memory, at this address of the program (binds) or of
   * the GPU (work), where `point` is written.
   */
  readonly addr?: number;
}

/** Whoever asks for a fence only to look at it. */
const LOOKER = "syncobj";

/**
 * A box for one fence that programs pass around (`struct drm_syncobj`): it keeps the fence, signalled or not, until
 * another takes the place. Or for a timeline: a fence for each point, which signals when those of all earlier points have,
 * too (`struct dma_fence_chain`).
 */
export class SyncObj {
  /** `syncobj#3`, for findings. */
  readonly name: string;
  /** What is in a binary one; counted. */
  fence: CountedFence | null = null;
  /** Fences by point, ascending; counted. Of those that have signalled only the last is kept. */
  readonly points: { readonly point: number; readonly fence: CountedFence }[] = [];
  /** References: a file's handle, and whoever else looked it up. */
  refs = 1;

  /** An empty box. */
  constructor(name: string) {
    this.name = name;
  }

  /** Puts a fence into it, or none (`drm_syncobj_replace_fence`): a timeline is one no longer. */
  replace(fence: CountedFence | null): void {
    const old = this.fence;
    this.fence = fence?.get(this) ?? null;
    old?.put(this);
    for (const { fence: of } of this.points.splice(0)) of.put(this);
  }

  /** A point more on its timeline (`drm_syncobj_add_point`). One that is not above the last takes its number. */
  add(point: number, fence: CountedFence): void {
    const last = this.points.at(-1);
    const before = last?.fence ?? this.fence;
    const after = before === null || before.base.signaled ? null : before;
    const chain = new FenceChain(fence, after, this);
    this.points.push({ point: Math.max(point, last?.point ?? 0), fence: chain });
    if (before?.base.signaled === false && fence.dev.quarantine) notBefore(chain, before);
    // What was in it before is held by the chain, as long as that waits for it.
    this.fence?.put(this);
    this.fence = null;
    while (this.points[1]?.fence.base.signaled) this.points.shift()?.fence.put(this);
  }

  /**
   * The fence, of a point or a later one, with a reference for `holder` (`drm_syncobj_find_fence`, without waiting for a
   * submit), or null. Of a timeline without a point: of the last.
   */
  find(holder: Holder, point = 0): CountedFence | null {
    const entry = point === 0 ? this.points.at(-1) : this.points.find((p) => p.point >= point);
    return (entry?.fence ?? (point === 0 ? this.fence : null))?.get(holder) ?? null;
  }

  /** As {@link SyncObj.find}, for drivers that count no fences. */
  peek(point = 0): DmaFence | null {
    const fence = this.find(LOOKER, point);
    fence?.put(LOOKER);
    return fence?.base ?? null;
  }

  /** Puts a fence into it, or adds a point, for drivers that count no fences. */
  set(dev: DrmDevice, fence: DmaFence, point = 0): void {
    const counted = new CountedFence(dev, fence, fence.name, LOOKER, () => {});
    if (point === 0) this.replace(counted);
    else this.add(point, counted);
    counted.put(LOOKER);
  }

  /** The fence that it has has signalled already (`drm_syncobj_assign_null_handle`). */
  signal(dev: DrmDevice, point = 0): void {
    const fence = new DmaFence(-dev.serial(), 1);
    fence.signal();
    this.set(dev, fence, point);
  }

  /** Drops a reference; the last one lets the fence go (`drm_syncobj_put`). */
  put(): void {
    if (--this.refs === 0) this.replace(null);
  }
}

/**
 * The fences that a call waits for, as its syncobjs have them now (`drm_syncobj_find_fence` for each), for drivers that count
 * no fences.
 *
 * @returns -ENOENT: no such syncobj; -EINVAL: it has no fence yet, or not for so late a point
 */
export function findFences(
  syncobjs: ReadonlyMap<number, SyncObj>,
  ops: readonly SyncOp[],
): DmaFence[] | Errno {
  const fences: DmaFence[] = [];
  for (const { handle, wait, point } of ops) {
    if (!wait) continue;
    const syncobj = syncobjs.get(handle);
    if (syncobj === undefined) return -ENOENT;
    const fence = syncobj.peek(point);
    if (fence === null) return -EINVAL;
    fences.push(fence);
  }
  return fences;
}
