import { type DrmGpuvm, GpuvaOpSlot, Lock, type Lockdep } from "@gpuvm/core";
import {
  type DrmScheduler,
  type IoPgtableArm,
  IovaSpace,
  SchedEntity,
  SchedJob,
  type VmRecord,
} from "@gpuvm/drm-model";
import type { PanthorBo } from "../gem/bo.ts";
import type { HeapPool } from "../heap/pool.ts";
import type { OpCtx } from "./op-ctx.ts";

/** A range of addresses. */
export interface VaRange {
  /** First address. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
}

/** A range whose accesses stall. */
export interface Region {
  /** First address. */
  start: number;
  /** Bytes; 0: nothing is locked. */
  size: number;
}

/** What a VM is made of. */
export interface PanthorVmParts {
  /** The tree. */
  readonly gpuvm: DrmGpuvm;
  /** What the GPU sees. */
  readonly pt: IoPgtableArm;
  /** What is counted. */
  readonly record: VmRecord;
  /** Where the driver places objects of its own; programs map below it. */
  readonly kernel: VaRange;
  /** Runs bind jobs. */
  readonly scheduler: DrmScheduler<BindJob>;
}

/**
 * An address space (`struct panthor_vm`).
 *
 * # Invariants
 * `opLock` protects the tree and the page tables. The count is the gpuvm's alone: held by the file's pool, by groups, by
 * bind jobs, by kernel BOs, and by vm_bos.
 */
export class PanthorVm {
  /** The tree. */
  readonly gpuvm: DrmGpuvm;
  /** What the GPU sees. */
  readonly pt: IoPgtableArm;
  /** What is counted. */
  readonly record: VmRecord;
  /** `vm->op_lock`. */
  readonly opLock: Lock;
  /** `vm->heaps.lock`. */
  readonly heapLock: Lock;
  /** First address behind what programs may map; what follows is the kernel's. */
  readonly userEnd: number;
  /** The kernel's part (`vm->mm`). */
  readonly mm: IovaSpace;
  /** Runs bind jobs, one at a time (`vm->sched`). */
  readonly scheduler: DrmScheduler<BindJob>;
  /** The bind jobs that wait (`vm->entity`). */
  readonly binds: SchedEntity<BindJob>;
  /** No new bind jobs. */
  destroyed = false;
  /** Its page tables are not to be trusted any more; never cleared. */
  unusable = false;
  /** Tiler heaps; null before the first. */
  heaps: HeapPool | null = null;
  /** What its sparse mappings map; counted. */
  dummy: PanthorBo | null = null;
  /** The operation that is carried out, under `opLock`: its tables are the ones to use (`vm->op_ctx`). */
  opCtx: OpCtx | null = null;
  /** The range whose accesses stall, under `opLock` (`locked_region`). */
  readonly locked: Region = { start: 0, size: 0 };
  /** Its hardware address space, or -1 (`as.id`). */
  asId = -1;
  /** Users of it (`as.active_cnt`). */
  asActive = 0;
  /** The GPU ran into a page that is not there; cleared when the VM is active again. */
  unhandledFault = false;
  /** Objects that it alone maps, in the order in which they can be reclaimed. */
  readonly reclaimLru: PanthorBo[] = [];
  /** The list of VMs to reclaim from that it is on; null: none. */
  onReclaim: PanthorVm[] | null = null;
  /** The step in hand, under `opLock`. */
  op: GpuvaOpSlot = new GpuvaOpSlot();

  /** Bytes of the kernel's part. */
  readonly kernelSize: number;

  /** Of its parts: see `createVm`. */
  constructor({ gpuvm, pt, record, kernel, scheduler }: PanthorVmParts, lockdep: Lockdep | null) {
    this.gpuvm = gpuvm;
    this.pt = pt;
    this.record = record;
    this.userEnd = kernel.start;
    this.kernelSize = kernel.size;
    this.mm = new IovaSpace(kernel.start, kernel.size);
    this.opLock = new Lock(`op lock of ${gpuvm.name}`, "panthor op_lock", lockdep);
    this.heapLock = new Lock(`heap lock of ${gpuvm.name}`, "panthor heaps", lockdep);
    this.scheduler = scheduler;
    this.binds = new SchedEntity(gpuvm.name, scheduler, this);
  }
}

/** An operation that comes later (`struct panthor_vm_bind_job`). Holds its VM. */
export class BindJob extends SchedJob {
  /** Counted. */
  readonly vm: PanthorVm;
  /** What is to be done. */
  readonly ctx: OpCtx;

  /** It has its context; fences come with {@link SchedJob.arm}. */
  constructor(vm: PanthorVm, ctx: OpCtx) {
    super(ctx.name, vm.binds);
    this.vm = vm;
    this.ctx = ctx;
    vm.gpuvm.get(ctx);
  }
}
