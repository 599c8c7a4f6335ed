import { type DmaFence, EINVAL, type Errno } from "@gpuvm/core";
import type { SyncOp } from "@gpuvm/drm-model";

/** What a program's syncobjs have (`struct drm_syncobj`): a fence, or (timelines) one for each point, ascending. */
export class Syncobjs {
  readonly #binary: Map<number, DmaFence> = new Map();
  readonly #timelines: Map<number, { readonly point: number; readonly fence: DmaFence }[]> = new Map();

  /**
   * What a call waits for (`msm_syncobj_parse_deps`): a point of a timeline is reached when all before it are
   * (`dma_fence_chain`). -EINVAL: a syncobj has no fence yet, or not for so late a point.
   */
  parseDeps(ops: readonly SyncOp[]): DmaFence[] | Errno {
    const after: DmaFence[] = [];
    for (const { handle, wait, point = 0 } of ops) {
      if (!wait) continue;
      const fences = point === 0 ? this.#find(handle) : this.#upTo(handle, point);
      if (fences === null) return -EINVAL;
      after.push(...fences);
    }
    return after;
  }

  /** What a job signals when it is done (`msm_syncobj_process_post_deps`). */
  processPostDeps(ops: readonly SyncOp[], fence: DmaFence): void {
    for (const { handle, wait, point = 0 } of ops) {
      if (wait) continue;
      if (point === 0) this.#binary.set(handle, fence);
      else this.#addPoint(handle, point, fence);
    }
  }

  #find(handle: number): DmaFence[] | null {
    const fence = this.#binary.get(handle);
    return fence === undefined ? null : [fence];
  }

  #upTo(handle: number, point: number): DmaFence[] | null {
    const points = this.#timelines.get(handle) ?? [];
    const last = points.findIndex((entry) => entry.point >= point);
    return last < 0 ? null : points.slice(0, last + 1).map(({ fence }) => fence);
  }

  #addPoint(handle: number, point: number, fence: DmaFence): void {
    const points = this.#timelines.get(handle);
    if (points === undefined) this.#timelines.set(handle, [{ point, fence }]);
    else points.push({ point, fence });
  }
}
