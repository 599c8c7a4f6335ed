/**
 * The kernel's DRM GPUVM, executable: the VA tree with split and merge, vm_bos, external and evicted objects,
 * dma_resv and drm_exec, and the interface by which a driver states how it holds buffer objects.
 *
 * @packageDocumentation
 */

export { BlockIndex } from "./block-index.ts";
export type { Branded, Flavoured } from "./brand.ts";
export * from "./deferred.ts";
export * from "./device.ts";
export * from "./errno.ts";
export * from "./error.ts";
export { gpuvmBoEvict, gpuvmBoGemEvict, gpuvmValidate } from "./evict.ts";
export { ExactSpace, type ExactVa } from "./exact-space.ts";
export type { SmKind } from "./exact-walk.ts";
export * from "./exec.ts";
export * from "./fence.ts";
export {
  gpuvaFind,
  gpuvaFindFirst,
  gpuvaFindNext,
  gpuvaFindPrev,
  gpuvmBoForEachVa,
  gpuvmDump,
  gpuvmFirstVa,
  gpuvmForEachVa,
  gpuvmForEachVaRange,
  gpuvmIntervalEmpty,
  gpuvmNextVa,
} from "./find.ts";
export * from "./flags.ts";
export * from "./gem.ts";
export {
  gpuvaAlloc,
  gpuvaBo,
  gpuvaExact,
  gpuvaFree,
  gpuvaInit,
  gpuvaInitFromOp,
  gpuvaInsert,
  gpuvaLink,
  gpuvaMap,
  gpuvaObj,
  gpuvaRemap,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvaUnmap,
  opMapExact,
  vaName,
} from "./gpuva.ts";
export * from "./gpuvm.ts";
export {
  gemVmBos,
  gpuvmBoCreate,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoGet,
  gpuvmBoObtain,
  gpuvmBoObtainPrealloc,
  gpuvmBoPut,
} from "./gpuvm-bo.ts";
export * from "./ledger.ts";
export * from "./list.ts";
export * from "./lock.ts";
export * from "./lockdep.ts";
export * from "./op.ts";
export { GpuvaOps, OpsPool } from "./ops.ts";
export * from "./policy.ts";
export { gpuvmRangeValid } from "./range.ts";
export * from "./resv.ts";
export * from "./sm.ts";
export { type SmRequest, SmWalk } from "./sm-walk.ts";
export * from "./steps.ts";
export * from "./task.ts";
export { hex, PAGE, toBig, type U64 } from "./u64.ts";
export type { Gpuva } from "./va.ts";
export { VA_INSERTED, type VaList, VaTable } from "./va-table.ts";
export {
  GpuvmExec,
  gpuvmPrepareObjects,
  gpuvmPrepareRange,
  gpuvmPrepareVm,
  gpuvmResvAddFence,
  gpuvmSmMapExecLock,
  gpuvmSmUnmapExecLock,
} from "./vm-exec.ts";
