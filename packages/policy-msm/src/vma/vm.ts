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
import { type IoPgtableArm, IovaSpace, type Machine, VmRecord } from "@gpuvm/drm-model";
import type { MsmParts } from "../drv/parts.ts";
import { withoutRoom } from "../gem/resv.ts";
import { underLru } from "../gem/under-lru.ts";
import { Sched } from "../gpu/sched.ts";
import type { MsmMmu } from "../mmu/mmu.ts";

/** Start of a program's VM: 4 GiB, so that truncation to 32 bits is seen (`ADRENO_VM_START`). */
export const VM_START: number = 2 ** 32;
/** Length of a program's VM: the SMMU's 48 bits of input address (`adreno_private_vm_size`). */
export const VM_SIZE: number = 2 ** 48 - VM_START;

/** VA flag: page-table entries are there, or a bind job will write them (`msm_gem_vma.mapped`). */
export const VMA_MAPPED: number = DRM_GPUVA_USERBITS;
/** VA flag: include in crash dumps (`MSM_VMA_DUMP`). */
export const VMA_DUMP: number = DRM_GPUVA_USERBITS << 1;
/** VA flag, of the model only: memory pressure took the entries away. */
export const VMA_EVICTED: number = DRM_GPUVA_USERBITS << 2;

/** A range of addresses, in bytes. */
export interface VaRange {
  readonly start: number;
  readonly size: number;
}

/** The addresses of each VM: `a6xx_create_private_vm`, `adreno_iommu_create_vm` (16 MiB and up), `msm_kms_init_vm`. */
export const RANGES: Readonly<Record<VmPurpose, VaRange>> = {
  program: { start: VM_START, size: VM_SIZE },
  kernel: { start: 2 ** 24, size: 2 ** 48 - 2 ** 24 },
  scanout: { start: 2 ** 12, size: 2 ** 32 - 2 ** 12 },
};

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
  /** Its page tables and its TLB. */
  readonly mmu: MsmMmu;
  /** Addresses that the kernel chooses (`drm_mm`); null for a VM_BIND VM. */
  readonly mm: IovaSpace | null;
  /** Counts. */
  readonly record: VmRecord;
  /** Serialises updates of preallocated page tables (`mmu_lock`), for VM_BIND. Nothing sleeps under it. */
  readonly mmuLock: Lock;
  /** A bind failed half way, or the GPU hung: only closing is left. Never cleared. */
  unusable = false;
  /** Hangs of submits whose program lived (`MSM_PARAM_FAULTS`, with those of the GPU). */
  faults = 0;
  /** What runs its bind jobs, one at a time; null: the kernel manages the VM (`sched`). */
  readonly sched: Sched | null;
  /** What must be over before the VM closes: the submits that were not over when the last one came (`last_fence`). */
  lastFence: readonly DmaFence[] | null = null;
  /** Page-table pages preallocated for bind jobs in flight (`prealloc_throttle.in_flight`), and the most at once. */
  preallocInFlight = 0;
  /** See {@link MsmGemVm.preallocInFlight}. */
  preallocPeak = 0;

  /** @internal use {@link msmGemVmCreate} */
  constructor(
    msm: MsmParts,
    mmu: MsmMmu,
    rObj: DrmGemObject,
    file: number,
    purpose: VmPurpose,
    managed: boolean,
  ) {
    const { start, size } = RANGES[purpose];
    super(msm.dev, {
      name: purpose,
      rObj,
      start,
      range: size,
      ops: msm.vmOps,
      boOwnership: managed ? msm.ownership.managed : msm.ownership.vmBind,
      softGuards: false,
    });
    this.managed = managed;
    this.purpose = purpose;
    this.mmu = mmu;
    this.mm = managed ? new IovaSpace(start, size) : null;
    this.sched = managed ? null : new Sched(msm.machine, `msm-vm-bind of ${this.name}`, 1);
    this.mmuLock = new Lock(`mmu_lock of ${this.name}`, "msm_mmu", msm.dev.lockdep);
    this.record = new VmRecord(file, null, this, mmu.view, purpose);
    this.record.late = !managed;
    // GET_IOVA makes a mapping, and the first submit its entries.
    this.record.lazy = managed;
    // Where the BO owns its VMAs the tree knows addresses, and not what they lead to.
    this.record.broken = msm.rules.vmas === "bo";
    // What memory pressure took away waits for the next submit to validate it; kernel-managed VMs are lazy as a whole.
    if (!managed) this.record.absent = (va) => (this.vas.flags(va) & VMA_EVICTED) !== 0;
    msm.machine.vms.push(this.record);
  }

  /** What the GPU, or the display, sees. */
  get pt(): IoPgtableArm {
    return this.mmu.view;
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
  msm: MsmParts,
  makeMmu: () => MsmMmu,
  file: number,
  purpose: VmPurpose,
  managed: boolean,
  holder: Holder,
): MsmGemVm | null {
  const { dev } = msm;
  if (!dev.mayAlloc("msm vm")) return null;
  // drm_gem_object_release takes each object off the lists, this one, too.
  const rObj = gpuvmResvObjectAlloc(dev, { free: () => underLru(msm, () => {}) });
  if (rObj === null) return null;
  withoutRoom(rObj.resv);
  const vm = new MsmGemVm(msm, makeMmu(), rObj, file, purpose, managed);
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
      vm.mmu.destroy();
      if (vm.mm !== null && vm.mm.free !== RANGES[vm.purpose].size)
        machine.hazard("leak", vm.name, "addresses are still taken");
      if (vm.preallocInFlight !== 0)
        machine.hazard("leak", vm.name, "page-table pages are still preallocated");
    },
  };
}
