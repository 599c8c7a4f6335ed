import {
  DRM_GPUVM_IMMEDIATE_MODE,
  DRM_GPUVM_RESV_PROTECTED,
  DrmGpuvm,
  finish,
  GpuvaOpSlot,
  gpuvmResvObjectAlloc,
  Lock,
} from "@gpuvm/core";
import {
  type DrmScheduler,
  IoPgtableArm,
  IovaSpace,
  KIB4,
  MIB2,
  SchedEntity,
  VmRecord,
} from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_EVICTED } from "../flags.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { moveVm } from "../gem/reclaim.ts";
import type { HeapPool } from "../heap/pool.ts";
import { asDisable, releaseAs } from "./as-slots.ts";
import { type BindJob, bindScheduler } from "./bind-job.ts";
import type { OpCtx } from "./op-ctx.ts";
import type { Region } from "./region.ts";
import { vmBoValidate } from "./validate.ts";
import { vmBoFree, vmBoUnpin } from "./vm-bo.ts";

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
  readonly op: GpuvaOpSlot = new GpuvaOpSlot();

  /** Bytes of the kernel's part. */
  readonly kernelSize: number;

  /** Made by {@link createVm}. */
  constructor(
    panthor: Panthor,
    owner: { file: number; id: number | null; purpose: string },
    rObj: DrmGpuvm["rObj"],
    range: number,
    kernel: VaRange,
  ) {
    const { machine, gen } = panthor;
    this.userEnd = kernel.start;
    this.kernelSize = kernel.size;
    this.mm = new IovaSpace(kernel.start, kernel.size);
    const broken = () => this.unusable;
    this.pt = new IoPgtableArm(machine, {
      pageSizes: [KIB4, MIB2],
      // That the tables differ from the tree was told when they came to.
      get noWarn() {
        return broken();
      },
      // Where the region is locked, nothing gets to old entries before the unlock, which flushes.
      flushDue: gen.regionLock ? "within-call" : "before-free",
      takeTable: () => this.opCtx?.takeTable() ?? false,
      flushWalk: (iova, size) =>
        panthor.onMmu?.(this, `flush_walk 0x${iova.toString(16)} 0x${size.toString(16)}`),
    });
    this.gpuvm = new DrmGpuvm(machine.dev, {
      name: owner.id === null ? "panthor-MCU" : "panthor-GPU",
      flags: DRM_GPUVM_RESV_PROTECTED | (gen.immediate ? DRM_GPUVM_IMMEDIATE_MODE : 0),
      rObj,
      start: 0,
      range,
      boOwnership: panthor.boOwnership,
      ops: {
        vmFree: () => this.#free(panthor),
        ...(gen.pinnedBy === "vm_bo" && gen.immediate ? { vmBoFree: vmBoUnpin } : {}),
        ...(gen.evictable ? { vmBoFree: vmBoFree(panthor), vmBoValidate: vmBoValidate(panthor, this) } : {}),
      },
    });
    this.record = new VmRecord(owner.file, owner.id, this.gpuvm, this.pt, owner.purpose);
    this.record.absent = (va) => (this.gpuvm.vas.flags(va) & VA_EVICTED) !== 0;
    this.opLock = new Lock(`op lock of ${this.gpuvm.name}`, "panthor op_lock", machine.dev.lockdep);
    this.heapLock = new Lock(`heap lock of ${this.gpuvm.name}`, "panthor heaps", machine.dev.lockdep);
    this.scheduler = bindScheduler(panthor);
    this.binds = new SchedEntity(this.gpuvm.name, this.scheduler, this);
    if (panthor.vmResetInProgress) this.scheduler.paused = true;
    machine.vms.push(this.record);
    panthor.vms.set(this.gpuvm, this);
  }

  /** `panthor_vm_free`. No vm_bo is left, so no zombie either: each would hold the VM. */
  #free(panthor: Panthor): void {
    moveVm(this, null);
    // Each job holds the VM: there is nothing to wait for.
    finish(this.binds.fini());
    this.scheduler.fini();
    if (this.asId >= 0) {
      if (!panthor.unplugged) asDisable(panthor, this.asId, false, "close");
      releaseAs(panthor, this);
    }
    this.pt.free();
    this.dummy?.put(this.gpuvm);
    this.record.freed = true;
    if (this.mm.free !== this.kernelSize)
      panthor.machine.hazard("leak", this.gpuvm.name, "addresses of the driver's own are still taken");
  }
}

/** A range of addresses. */
export interface VaRange {
  /** First address. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * A VM with one reference, of `creator` (`panthor_vm_create`); null: no memory.
 *
 * @param kernel where the driver places objects of its own; programs map below it
 */
export function createVm(
  panthor: Panthor,
  owner: { file: number; id: number | null; purpose: string },
  range: number,
  kernel: VaRange,
): PanthorVm | null {
  const { dev } = panthor.machine;
  if (!dev.mayAlloc("panthor vm")) return null;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return null;
  const vm = new PanthorVm(panthor, owner, rObj, range, kernel);
  rObj.put("creator");
  return vm;
}
