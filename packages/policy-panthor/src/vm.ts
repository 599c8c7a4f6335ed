import {
  DRM_GPUVM_IMMEDIATE_MODE,
  DRM_GPUVM_RESV_PROTECTED,
  DrmGpuvm,
  ECANCELED,
  GpuvaOp,
  gpuvmResvObjectAlloc,
  Lock,
} from "@gpuvm/core";
import {
  BindQueue,
  GIB1,
  GIB512,
  IovaSpace,
  KIB4,
  MIB2,
  PageTable,
  type PageTableShape,
  VmRecord,
} from "@gpuvm/drm-model";
import type { PanthorBo } from "./bo.ts";
import { type Panthor, vmIdle } from "./device.ts";
import { VA_EVICTED } from "./flags.ts";
import type { HeapPool } from "./heap.ts";
import { vmBoValidate } from "./validate.ts";
import { vmBoFree } from "./vm-bo.ts";

/** 64-bit LPAE with 4 KiB and 2 MiB entries, three levels of tables below the root. */
export const MALI_PAGE_TABLE: PageTableShape = {
  pageSizes: [MIB2, KIB4],
  tableSpans: [MIB2, GIB1, GIB512],
  tlb: true,
};

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
  readonly pt: PageTable;
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
  /** Bind jobs (`vm->entity`). */
  readonly binds: BindQueue;
  /** Timeline of the bind jobs. */
  readonly context: number;
  /** Bind jobs so far. */
  seqno = 0;
  /** No new bind jobs. */
  destroyed = false;
  /** Its page tables are not to be trusted any more; never cleared. */
  unusable = false;
  /** Tiler heaps; null before the first. */
  heaps: HeapPool | null = null;
  /** What its sparse mappings map; counted. */
  dummy: PanthorBo | null = null;
  /** When a job last used it, as a number that grows. */
  lastUse = 0;
  /** The step in hand, under `opLock`. */
  readonly op: GpuvaOp = new GpuvaOp();

  readonly #kernelSize: number;

  /** Made by {@link createVm}. */
  constructor(
    panthor: Panthor,
    owner: { file: number; id: number | null; purpose: string },
    rObj: DrmGpuvm["rObj"],
    range: number,
    userEnd: number,
  ) {
    const { machine, gen } = panthor;
    this.userEnd = userEnd;
    this.#kernelSize = range - userEnd;
    this.mm = new IovaSpace(userEnd, this.#kernelSize);
    this.pt = new PageTable(machine, MALI_PAGE_TABLE);
    this.gpuvm = new DrmGpuvm(machine.dev, {
      name: owner.id === null ? "panthor-MCU" : "panthor-GPU",
      flags: DRM_GPUVM_RESV_PROTECTED | (gen.immediate ? DRM_GPUVM_IMMEDIATE_MODE : 0),
      rObj,
      start: 0,
      range,
      boOwnership: panthor.boOwnership,
      ops: {
        vmFree: () => this.#free(panthor),
        ...(gen.pinnedBy === "vm_bo" && gen.immediate ? { vmBoFree } : {}),
        ...(gen.evictable ? { vmBoValidate: vmBoValidate(panthor, this) } : {}),
      },
    });
    this.record = new VmRecord(owner.file, owner.id, this.gpuvm, this.pt, owner.purpose);
    this.record.absent = (va) => (this.gpuvm.vas.flags(va) & VA_EVICTED) !== 0;
    this.opLock = new Lock(`op lock of ${this.gpuvm.name}`, "panthor op_lock", machine.dev.lockdep);
    this.heapLock = new Lock(`heap lock of ${this.gpuvm.name}`, "panthor heaps", machine.dev.lockdep);
    this.binds = new BindQueue(machine, "panthor bind");
    this.context = machine.fenceContext();
    machine.vms.push(this.record);
    panthor.vms.set(this.gpuvm, this);
  }

  /** `panthor_vm_free`. No vm_bo is left, so no zombie either: each would hold the VM. */
  #free(panthor: Panthor): void {
    this.binds.stop(-ECANCELED);
    vmIdle(panthor, this);
    this.dummy?.put(this.gpuvm);
    this.record.freed = true;
    if (this.mm.free !== this.#kernelSize)
      panthor.machine.hazard("leak", this.gpuvm.name, "addresses of the driver's own are still taken");
  }
}

/** A VM with one reference, of `creator` (`panthor_vm_create`); null: no memory. */
export function createVm(
  panthor: Panthor,
  owner: { file: number; id: number | null; purpose: string },
  range: number,
  userEnd: number,
): PanthorVm | null {
  const { dev } = panthor.machine;
  if (!dev.mayAlloc("panthor vm")) return null;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return null;
  const vm = new PanthorVm(panthor, owner, rObj, range, userEnd);
  rObj.put("creator");
  return vm;
}
