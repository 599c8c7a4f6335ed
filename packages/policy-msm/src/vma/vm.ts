import {
  type DmaFence,
  DRM_GPUVA_USERBITS,
  type DrmGemObject,
  DrmGpuvm,
  DrmGpuvmBo,
  type GpuvmOps,
  gpuvmResvObjectAlloc,
  type Holder,
  Lock,
  type VmPurpose,
} from "@gpuvm/core";
import { GIB1, GIB512, IovaSpace, KIB4, type Machine, MIB2, PageTable, VmRecord } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";

/** Start of every VM: 4 GiB, so that truncation to 32 bits is seen (`ADRENO_VM_START`). */
export const VM_START: number = 2 ** 32;
/** Length of every VM: the SMMU's 48 bits of input address (`adreno_private_vm_size`). */
export const VM_SIZE: number = 2 ** 48 - VM_START;

/** VA flag: page-table entries are there, or a bind job will write them (`msm_gem_vma.mapped`). */
export const VMA_MAPPED: number = DRM_GPUVA_USERBITS;
/** VA flag: include in crash dumps (`MSM_VMA_DUMP`). */
export const VMA_DUMP: number = DRM_GPUVA_USERBITS << 1;
/** VA flag, of the model only: memory pressure took the entries away. */
export const VMA_EVICTED: number = DRM_GPUVA_USERBITS << 2;

/** A link of VM and object, with the requests in flight that use it: for the version that tears down when they retire. */
export class MsmVmBo extends DrmGpuvmBo {
  /** Submits that were pinned and did not retire. */
  requests = 0;
}

/** A VM (`struct msm_gem_vm`). Its lifetime is the gpuvm's count alone. */
export class MsmGemVm extends DrmGpuvm {
  /** The kernel chooses addresses and lifetimes; false: VM_BIND. */
  readonly managed: boolean;
  /** A program's, for the GPU's kernel objects (TTBR1), or what the display reads. */
  readonly purpose: VmPurpose;
  /** Page tables: a VM_BIND VM uses 4 KiB entries only. */
  readonly pt: PageTable;
  /** Addresses that the kernel chooses (`drm_mm`); null for a VM_BIND VM. */
  readonly mm: IovaSpace | null;
  /** Counts. */
  readonly record: VmRecord;
  /** Serialises updates of preallocated page tables (`mmu_lock`), for VM_BIND. Nothing sleeps under it. */
  readonly mmuLock: Lock;
  /** A bind failed half way, or the GPU hung: only closing is left. Never cleared. */
  unusable = false;
  /** The last submit of each queue (`last_fence`, there merged into one). */
  readonly lastFences: Map<number, DmaFence> = new Map();
  /** Page-table pages preallocated for bind jobs in flight (`prealloc_throttle.in_flight`), and the most at once. */
  preallocInFlight = 0;
  /** See {@link MsmGemVm.preallocInFlight}. */
  preallocPeak = 0;

  /** @internal use {@link msmGemVmCreate} */
  constructor(msm: Msm, rObj: DrmGemObject, file: number, purpose: VmPurpose, managed: boolean) {
    super(msm.dev, {
      name: purpose,
      rObj,
      start: VM_START,
      range: VM_SIZE,
      ops: msm.vmOps,
      boOwnership: managed ? msm.ownership.managed : msm.ownership.vmBind,
      softGuards: false,
    });
    this.managed = managed;
    this.purpose = purpose;
    this.pt = new PageTable(msm.machine, {
      pageSizes: managed ? [MIB2, KIB4] : [KIB4],
      tableSpans: [MIB2, GIB1, GIB512],
      tlb: true,
    });
    this.mm = managed ? new IovaSpace(VM_START, VM_SIZE) : null;
    this.mmuLock = new Lock(`mmu_lock of ${this.name}`, "msm_mmu", msm.dev.lockdep);
    this.record = new VmRecord(file, null, this, this.pt, purpose);
    this.record.late = !managed;
    // GET_IOVA makes a mapping, and the first submit its entries.
    this.record.lazy = managed;
    // Where the BO owns its VMAs the tree knows addresses, and not what they lead to.
    this.record.broken = msm.rules.vmas === "bo";
    msm.machine.vms.push(this.record);
  }

  /** From here on it is {@link MsmGemVm.unusable}. */
  giveUp(): void {
    this.unusable = true;
    this.record.broken = true;
  }
}

/**
 * A VM with one reference, held by `holder` (`msm_gem_vm_create`).
 *
 * @returns null for -ENOMEM
 */
export function msmGemVmCreate(
  msm: Msm,
  file: number,
  purpose: VmPurpose,
  managed: boolean,
  holder: Holder,
): MsmGemVm | null {
  const { dev } = msm;
  if (!dev.mayAlloc("msm vm")) return null;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return null;
  const vm = new MsmGemVm(msm, rObj, file, purpose, managed);
  rObj.put("creator");
  if (dev.ledger !== null) dev.ledger.move(vm, "creator", holder);
  return vm;
}

/** The callbacks of every VM; `validate` and the steps are those of VM_BIND. */
export function vmOps(
  machine: Machine,
  bind: Pick<GpuvmOps, "smStepMap" | "smStepRemap" | "smStepUnmap" | "vmBoValidate">,
): GpuvmOps {
  return {
    ...bind,
    vmBoAlloc: (vm, obj) => {
      machine.counts.vmBosCreated++;
      return new MsmVmBo(vm, obj);
    },
    // msm_gem_vm_free: the address allocator and the page tables go.
    vmFree: (freed) => {
      const vm = freed as MsmGemVm;
      vm.record.freed = true;
      if (vm.mm !== null && vm.mm.free !== VM_SIZE)
        machine.hazard("leak", vm.name, "addresses are still taken");
      if (vm.preallocInFlight !== 0)
        machine.hazard("leak", vm.name, "page-table pages are still preallocated");
    },
  };
}
