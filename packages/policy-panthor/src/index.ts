/**
 * How panthor holds buffer objects: by the vm_bo alone, while an operation holds what it needs for itself.
 *
 * @packageDocumentation
 */

export { MAP_NOEXEC, MAP_READONLY, MAP_SPARSE, MAP_UNCACHED, MAX_VMS } from "./flags.ts";
export type { PanthorMmaps } from "./gem/mmap.ts";
export { panthor } from "./package.ts";
export type { GroupEnd, PanthorGpu, SyncWaited } from "./sched/faults.ts";
export type { TilerOom } from "./sched/group.ts";
