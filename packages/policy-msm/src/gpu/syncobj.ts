import { type DmaFence, type DrmDevice, EINVAL, type Errno } from "@gpuvm/core";
import type { SyncObj, SyncOp } from "@gpuvm/drm-model";

/** A file's syncobjs by handle. */
type Syncobjs = ReadonlyMap<number, SyncObj>;

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
