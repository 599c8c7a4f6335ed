import {
  DRM_GPUVA_INVALIDATED,
  DrmGpuvm,
  EBUSY,
  EINVAL,
  ENOMEM,
  ENOSYS,
  type Errno,
  type Gpuva,
  gpuvaFree,
  gpuvaObj,
  gpuvmResvObjectAlloc,
  Lock,
  type Steps,
  vaName,
} from "@gpuvm/core";
import { IovaSpace, lock, PageTable, preempt, unlock, VmRecord } from "@gpuvm/drm-model";
import type { NouveauBo } from "./bo.ts";
import type { NouveauCli } from "./cli.ts";
import type { NvDevice } from "./device.ts";
import { SHAPE } from "./page-size.ts";
import { PtRefs } from "./pt-refs.ts";
import { type Region, Regions } from "./regions.ts";
import { uvmmValidate } from "./ttm.ts";
import type { NvVmm } from "./vmm.ts";

/** `NOUVEAU_VA_SPACE_END`: 47 bits. */
export const VA_SPACE: number = 2 ** 47;

/** Where a VA's flags have its page size and its kind. */
const SHIFT_AT = 3;
const KIND_AT = 8;

/**
 * A VM that the program manages (`struct nouveau_uvmm`), at most one for each client.
 *
 * # Invariants
 * Each VA holds its object, besides the vm_bo's reference, from its insertion until it is freed: while a job still has
 * to clear its entries it is linked to nothing.
 */
export class Uvmm {
  readonly nv: NvDevice;
  readonly vm: DrmGpuvm;
  readonly pt: PageTable;
  readonly record: VmRecord;
  /** Protects tree and regions (`uvmm->mutex`). */
  readonly mutex: Lock;
  /** Sparse regions. */
  readonly regions: Regions = new Regions();
  /** Page-table references. */
  readonly ptRefs: PtRefs = new PtRefs();
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
    this.pt = new PageTable(machine, SHAPE);
    this.record = new VmRecord(file, null, this.vm, this.pt);
    machine.vms.push(this.record);
    this.mutex = new Lock(`mutex of ${this.vm.name}`, "nouveau_uvmm.mutex", dev.lockdep);
    this.kernel = {
      pt: this.pt,
      space: new IovaSpace(kva, ksize),
      lock: new Lock(`nvkm mutex of ${this.vm.name}`, "nvkm_vmm.mutex", dev.lockdep),
      tree: null,
    };
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
    return (this.vm.vas.flags(va) >> SHIFT_AT) & 31;
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
    const addr = vas.addr(va);
    const range = vas.range(va);
    if (this.regionOf(va) !== null) this.pt.unmap(addr, range);
    const bo = gpuvaObj(this.vm, va) as NouveauBo;
    this.pt.map(addr, range, bo, vas.offset(va), 2 ** this.shiftOf(va));
  }

  /** Clears entries (`nvif_vmm_raw_unmap`): in a sparse region they read as zero again. */
  unmapRange(addr: number, range: number, sparse: boolean): void {
    this.pt.unmap(addr, range);
    if (sparse) this.pt.map(addr, range, null, 0);
    this.pt.flush("unmap");
  }

  /** Clears the entries of a VA, unless an eviction has (`nouveau_uvma_unmap`). */
  unmapVa(va: Gpuva): void {
    if (this.invalidated(va)) return;
    const { vas } = this.vm;
    this.unmapRange(vas.addr(va), vas.range(va), this.regionOf(va) !== null);
  }

  /** Drops references on page tables (`nouveau_uvmm_vmm_put`). */
  putTables(shift: number, addr: number, range: number): void {
    if (this.ptRefs.put(shift, addr, range)) return;
    this.nv.machine.hazard(
      "count-underflow",
      this.vm.name,
      `a page-table reference at 0x${addr.toString(16)} is put that nobody took`,
    );
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

/**
 * `nouveau_uvmm_ioctl_vm_init`.
 *
 * @returns 0; -EINVAL for a bad kernel part; -ENOSYS after anything was done the old way; -EBUSY if there is one (the
 * kernel does not ask); -ENOMEM
 */
export function* vmInit(nv: NvDevice, cli: NouveauCli, kva: number, ksize: number): Steps<Errno> {
  const { dev } = nv;
  if (kva + ksize > VA_SPACE || kva % 4096 !== 0 || ksize % 4096 !== 0) return -EINVAL;
  yield* lock(dev, cli.mutex, "nouveau_uvmm_ioctl_vm_init");
  let ret: Errno = 0;
  if (cli.uvmmDisabled) ret = -ENOSYS;
  else if (cli.uvmm !== null) ret = -EBUSY;
  else {
    yield* preempt(dev, "alloc", "nouveau_uvmm_ioctl_vm_init");
    const rObj = dev.mayAlloc("nouveau_uvmm") ? gpuvmResvObjectAlloc(dev) : null;
    if (rObj === null) ret = -ENOMEM;
    else {
      cli.uvmm = new Uvmm(nv, cli.id, rObj, kva, ksize);
      rObj.put("creator");
    }
  }
  unlock(dev, cli.mutex);
  return ret;
}
