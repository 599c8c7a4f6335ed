export { type BindJob, BindQueue } from "./gpu/bind-queue.ts";
export { CountedFence, type JobFences } from "./gpu/counted-fence.ts";
export { GpuEngine, type GpuJob } from "./gpu/engine.ts";
export { FenceChain, unwrapFence } from "./gpu/fence-chain.ts";
export { type GpuUse, InUse, type Jobs, type JobView, noteUse, toldIdle } from "./gpu/in-use.ts";
export { startScheduler, stopScheduler } from "./gpu/sched/reset.ts";
export { type EntityOps, type EntityScheduler, type Flusher, SchedEntity } from "./gpu/sched/sched-entity.ts";
export { type OnMachine, SchedFence } from "./gpu/sched/sched-fence.ts";
export { type JobQueue, type JobRunner, SchedJob } from "./gpu/sched/sched-job.ts";
export { DrmScheduler, type SchedOps, type SchedOptions } from "./gpu/sched/scheduler.ts";
export { Counts } from "./machine/counts.ts";
export { Distribution } from "./machine/distribution.ts";
export { Fifo } from "./machine/fifo.ts";
export type { Hazard, HazardKind } from "./machine/hazard.ts";
export { comesToLife, dies, Kref, liveKrefs } from "./machine/kref.ts";
export { Machine, type MachineOptions } from "./machine/machine.ts";
export { dropRef, takeRef, type WithCount } from "./machine/references.ts";
export { removeFrom, takeFirst } from "./machine/take-first.ts";
export { Thread } from "./machine/thread.ts";
export { Timer, Timers } from "./machine/timers.ts";
export { type TlbCause, TlbCounts } from "./machine/tlb-counts.ts";
export { type StepCounts, VmRecord } from "./machine/vm-record.ts";
export { Work } from "./machine/work.ts";
export { DelayedWork, WorkItem } from "./machine/work-item.ts";
export { WorkQueue } from "./machine/work-queue.ts";
export { isAligned, within } from "./memory/aligned.ts";
export { Bo, type BoOptions, type PageState, releaseBo } from "./memory/bo.ts";
export { CpuMapping, zapCpuMappings } from "./memory/cpu-mapping.ts";
export { entriesOf, type FlushDue, GpuView, type NamingJob } from "./memory/gpu-view.ts";
export { IoPgtableArm, type IoPgtableArmConfig } from "./memory/io-pgtable-arm.ts";
export { IovaSpace } from "./memory/iova.ts";
export { Memory } from "./memory/memory.ts";
export {
  GIB1,
  GIB512,
  KIB4,
  KIB64,
  MIB2,
  PageTable,
  type PageTableShape,
} from "./memory/page-table.ts";
export { PageTableCounts, type Tally } from "./memory/page-table-counts.ts";
export { PteMap, type PteRun } from "./memory/pte-map.ts";
export type {
  ExportedBuffer,
  MappedVm,
  MemoryBooks,
  RunningJob,
  Surroundings,
} from "./memory/surroundings.ts";
export { IntervalNotifier, type IntervalNotifierOps, UserMemory } from "./memory/user-memory.ts";
export { type PagesView, type PagesWatch, UserPages } from "./memory/user-pages.ts";
export type {
  NeutralBindOp,
  NeutralCpuPrep,
  NeutralGemNew,
  NeutralQueueNew,
  NeutralRequest,
  NeutralSubmit,
  NeutralVmBind,
  NeutralVmCreate,
  NeutralWaitFence,
} from "./neutral-request.ts";
export { NEUTRAL_DRIVER } from "./neutral-request.ts";
export { type LeftBehind, leftBehind, Replay } from "./replay.ts";
export type {
  BindKind,
  BindOp,
  ChannelNew,
  Close,
  CommandRange,
  CpuMap,
  CpuPrep,
  EnableVmBind,
  End,
  Exec,
  FreeListCreate,
  GemClose,
  GemNew,
  GetIova,
  HeapCreate,
  HeapDestroy,
  HwrtCreate,
  Madvise,
  PrimeExport,
  PrimeImport,
  PvrJob,
  QueueClose,
  QueueNew,
  Request,
  RequestOf,
  RequestOp,
  SetIova,
  SetName,
  Submit,
  TraceHeader,
  VmBind,
  VmCreate,
  VmDestroy,
  VmInit,
  WaitFence,
} from "./request.ts";
export { BIND_KINDS, TRACE_FORMAT, TRACE_VERSION } from "./request.ts";
export type { RequestBase } from "./request-base.ts";
export type {
  SyncobjCreate,
  SyncobjDestroy,
  SyncobjExport,
  SyncobjImport,
  SyncobjRequest,
  SyncobjReset,
  SyncobjSignal,
  SyncobjTransfer,
  SyncobjWait,
} from "./sync-request.ts";
export { type MappedRun, MappedRuns } from "./translation/mapped-runs.ts";
export { perFile } from "./translation/per-file.ts";
export { PrivateBuffers } from "./translation/private-buffers.ts";
export { aroundCall, isSyncobjRequest, mergeSyncOps, syncCounts } from "./translation/syncs.ts";
export { translator } from "./translation/translator.ts";
export { DmaBuf, systemCall } from "./uapi/dma-buf.ts";
export type {
  CpuAccess,
  Driver,
  DriverOptions,
  DriverPackage,
  DriverVariant,
  GpuFaults,
  KernelBos,
  Lifter,
  Lowerer,
  Prime,
  Scanout,
  Userspace,
} from "./uapi/driver.ts";
export { type CloseHook, DrmFile, type FileEnd } from "./uapi/file.ts";
export { handleGone } from "./uapi/handle-gone.ts";
export {
  lock,
  lockBriefly,
  lockInterruptible,
  preempt,
  unlock,
  waitFence,
  waitFenceInterruptible,
  waitUntilInterruptible,
} from "./uapi/lock.ts";
export { LowestFree } from "./uapi/lowest-free.ts";
export { Marks } from "./uapi/marks.ts";
export { primeHandleToDmaBuf, primeImported, primeLookup } from "./uapi/prime-table.ts";
export { Process } from "./uapi/process.ts";
export { waitResv, waitResvInterruptible, waitResvTimeout } from "./uapi/resv.ts";
export { countSubmit } from "./uapi/submit.ts";
export { findFences, SyncObj, type SyncOp } from "./uapi/sync-obj.ts";
export { releaseSyncobjs, syncobjIoctl } from "./uapi/syncobj-ioctl.ts";
export { type MovedRange, placeByWindow, Windows } from "./uapi/windows.ts";
export { UsageError, unknownName } from "./usage-error.ts";
export { visible, visibleLine } from "./visible.ts";
