import { type DmaFence, type DrmDevice, EINVAL, ENOENT, type Errno } from "@gpuvm/core";
import type { SyncObj, SyncOp } from "@gpuvm/drm-model";

/** A file's syncobjs by handle. */
type Syncobjs = ReadonlyMap<number, SyncObj>;

/**
 * What a call waits for (`msm_syncobj_parse_deps`). -ENOENT: no such syncobj. -EINVAL: it has no fence yet, or not for so
 * late a point.
 */
export function parseDeps(syncobjs: Syncobjs, ops: readonly SyncOp[]): DmaFence[] | Errno {
  const after: DmaFence[] = [];
  for (const { handle, wait, point = 0 } of ops) {
    if (!wait) continue;
    const syncobj = syncobjs.get(handle);
    if (syncobj === undefined) return -ENOENT;
    const fence = syncobj.peek(point);
    if (fence === null) return -EINVAL;
    after.push(fence);
  }
  return after;
}

/** Looks up what a call signals (`msm_syncobj_parse_post_deps`). -EINVAL: no such syncobj. */
export function parsePostDeps(syncobjs: Syncobjs, ops: readonly SyncOp[]): Errno {
  return ops.some(({ handle, wait }) => !wait && !syncobjs.has(handle)) ? -EINVAL : 0;
}

/**
 * The job is on its way: what is to be emptied after the wait is (`msm_syncobj_reset`), and what the job signals gets its
 * fence (`msm_syncobj_process_post_deps`).
 */
export function processPostDeps(
  dev: DrmDevice,
  syncobjs: Syncobjs,
  ops: readonly SyncOp[],
  fence: DmaFence,
): void {
  for (const { handle, wait, reset } of ops) if (wait && reset) syncobjs.get(handle)?.replace(null);
  for (const { handle, wait, point } of ops) if (!wait) syncobjs.get(handle)?.set(dev, fence, point);
}
