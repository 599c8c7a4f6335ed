import {
  DRM_GPUVA_INVALIDATED,
  DrmGpuvm,
  type Gpuva,
  GpuvmError,
  gpuvaFree,
  gpuvaObj,
  Lock,
  vaName,
} from "@gpuvm/core";
import { VmRecord } from "@gpuvm/drm-model";
import type { NvDevice, UserVm } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { uvmmValidate } from "../history/uvmm-validate.ts";
import { Vmm } from "../mmu/vmm.ts";
import { NvVmm } from "../vmm/vmm.ts";
import { type Region, Regions } from "./regions.ts";

/** `NOUVEAU_VA_SPACE_END`: 47 bits. */
export const VA_SPACE: number = 2 ** 47;

/** Where a VA's flags have its page size and its kind (`uvma->page_shift`, `uvma->kind`): a VA is a row of numbers. */
const SHIFT_AT = 3;
const KIND_AT = 8;

/**
 * A VM that the program manages (`struct nouveau_uvmm`), at most one for each client.
 *
 * # Invariants
 * Each VA holds its object, besides the vm_bo's reference, from its insertion until it is freed: while a job still has
 * to clear its entries it is linked to nothing.
 */
export class Uvmm implements UserVm {
  readonly nv: NvDevice;
  readonly vm: DrmGpuvm;
  /** Page tables. */
  readonly mmu: Vmm;
  readonly record: VmRecord;
  /** Protects tree and regions (`uvmm->mutex`). */
  readonly mutex: Lock;
  /** Sparse regions. */
  readonly regions: Regions = new Regions();
  /** The part kept for the kernel. */
  readonly kernel: NvVmm;
  readonly #regionOf: Map<Gpuva, Region> = new Map();

  /** A VM for a client; `rObj` is the caller's. */
  constructor(nv: NvDevice, file: number, rObj: DrmGpuvm["rObj"], kva: number, ksize: number) {
    const { machine, dev } = nv;
    this.nv = nv;
    this.vm = new DrmGpuvm(dev, {
      name: "nouveau",
      rObj,
      start: 0,
      range: VA_SPACE,
      reserveOffset: kva,
      reserveRange: ksize,
      boOwnership: nv.boOwnership,
      ops: {
        vmFree: () => {
          this.record.freed = true;
          nv.uvmms.delete(this.vm);
        },
        // nouveau_uvmm_bo_validate
        vmBoValidate: (vmBo) => uvmmValidate(nv, vmBo.obj as NouveauBo),
      },
    });
    nv.uvmms.set(this.vm, this);
    this.mmu = new Vmm(machine, nv.hardware, `VMM of ${this.vm.name}`, true, nv.tell);
    this.record = new VmRecord(file, null, this.vm, this.mmu.view);
    this.record.absent = (va) => this.invalidated(va);
    machine.vms.push(this.record);
    this.mutex = new Lock(`mutex of ${this.vm.name}`, "nouveau_uvmm.mutex", dev.lockdep);
    this.kernel = new NvVmm(nv, file, { mmu: this.mmu, addr: kva, size: ksize });
  }

  /** What a new VA carries (`struct nouveau_uvma`): region, kind and page size. */
  dress(va: Gpuva, region: Region | null, kind: number, shift: number): void {
    this.vm.vas.setFlags(va, (shift << SHIFT_AT) | (kind << KIND_AT));
    if (region !== null) this.#regionOf.set(va, region);
  }

  /** The sparse region that a VA lies in, or null. */
  regionOf(va: Gpuva): Region | null {
    return this.#regionOf.size === 0 ? null : (this.#regionOf.get(va) ?? null);
  }

  /** The page size of a VA, as a shift. */
  shiftOf(va: Gpuva): number {
    const shift = (this.vm.vas.flags(va) >> SHIFT_AT) & 31;
    if (shift === 0)
      throw new GpuvmError("USE_AFTER_FREE", `a mapping of ${this.vm.name} is used that is freed`);
    return shift;
  }

  /** The kind of a VA's entries. */
  kindOf(va: Gpuva): number {
    return (this.vm.vas.flags(va) >> KIND_AT) & 255;
  }

  /** Its entries are not there, because its object was evicted (`drm_gpuva_invalidated`). */
  invalidated(va: Gpuva): boolean {
    return (this.vm.vas.flags(va) & DRM_GPUVA_INVALIDATED) !== 0;
  }

  /** Sets that. */
  invalidate(va: Gpuva, on: boolean): void {
    const flags = this.vm.vas.flags(va);
    this.vm.vas.setFlags(va, on ? flags | DRM_GPUVA_INVALIDATED : flags & ~DRM_GPUVA_INVALIDATED);
  }

  /** Writes the entries of a VA (`nouveau_uvma_map`). */
  mapVa(va: Gpuva): void {
    const { vas } = this.vm;
    const bo = gpuvaObj(this.vm, va) as NouveauBo;
    this.mmu.map(vas.addr(va), vas.range(va), this.shiftOf(va), { bo, offset: vas.offset(va) });
  }

  /** Clears entries (`nouveau_uvmm_vmm_unmap`): in a sparse region they read as zero again. */
  unmapRange(addr: number, range: number, shift: number, sparse: boolean): void {
    this.mmu.unmap(addr, range, shift, sparse);
  }

  /** Clears the entries of a VA, unless an eviction has (`nouveau_uvma_unmap`). */
  unmapVa(va: Gpuva): void {
    if (this.invalidated(va)) return;
    const { vas } = this.vm;
    this.unmapRange(vas.addr(va), vas.range(va), this.shiftOf(va), this.regionOf(va) !== null);
  }

  /** Puts the object of a VA and frees the VA. */
  freeVa(va: Gpuva): void {
    const { vm } = this;
    const obj = gpuvaObj(vm, va);
    this.#regionOf.delete(va);
    // The name is read before the row is.
    const holder = vm.dev.ledger === null ? "" : vaName(vm, va);
    gpuvaFree(vm, va);
    obj?.put(holder);
  }
}
