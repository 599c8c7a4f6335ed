import { type SyncOp, syncCounts } from "@gpuvm/drm-model";
import { MSM_SUBMIT_SYNCOBJ_IN, MSM_SUBMIT_SYNCOBJ_OUT } from "../drv/uapi.ts";

/** The flags of a submit that say that it has lists of syncobjs. */
export function syncFlags(syncOps: readonly SyncOp[] = []): number {
  const counts = syncCounts(syncOps);
  return (counts.in > 0 ? MSM_SUBMIT_SYNCOBJ_IN : 0) + (counts.out > 0 ? MSM_SUBMIT_SYNCOBJ_OUT : 0);
}
