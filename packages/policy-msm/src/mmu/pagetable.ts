import { EEXIST, EINVAL, type Errno } from "@gpuvm/core";
import { type Bo, GIB1, IoPgtableArm, KIB4, type Machine, MIB2 } from "@gpuvm/drm-model";
import type { MsmLog } from "../drv/log.ts";
import { calcPgsize, type MsmMmu, type Prealloc, pieceAt } from "./mmu.ts";

/** Entries for a VM that the kernel manages. */
const BLOCKS = [KIB4, MIB2, GIB1];
/** Entries for VM_BIND: a program may unmap a part of anything, and a block cannot be cut. */
const PAGES = [KIB4];

/**
 * Page tables of a program of its own (`struct msm_iommu_pagetable`, TTBR0): Adreno from a6xx on, behind an SMMU with
 * per-process tables. io-pgtable's words to the TLB come for tables only; an unmap flushes the whole TLB at its end.
 */
export class MsmIommuPagetable implements MsmMmu {
  readonly view: IoPgtableArm;
  readonly #sizes: readonly number[];
  readonly #machine: Machine;
  readonly #log: MsmLog | null;
  #prealloc: Prealloc | null = null;

  /** Empty tables (`msm_iommu_pagetable_create`). */
  constructor(machine: Machine, kernelManaged: boolean, log: MsmLog | null) {
    this.#machine = machine;
    this.#log = log;
    this.#sizes = kernelManaged ? BLOCKS : PAGES;
    this.view = new IoPgtableArm(machine, {
      pageSizes: this.#sizes,
      noWarn: !kernelManaged,
      flushWalk: (iova, size) => this.#flushWalk(iova, size),
      ...(kernelManaged ? {} : { takeTable: () => this.#allocPt() }),
    });
  }

  /** `msm_iommu_pagetable_map`. */
  map(iova: number, bo: Bo | null, offset: number, length: number, prealloc: Prealloc | null): Errno {
    this.#machine.counts.ptMaps++;
    this.#prealloc = prealloc;
    const mapped = bo === null ? this.#mapPrr(iova, length) : this.#mapSg(iova, bo, offset, length);
    this.#prealloc = null;
    if (mapped === length) return 0;
    if (mapped > 0) this.unmap(iova, mapped);
    return -EINVAL;
  }

  /** `msm_iommu_pagetable_unmap`. */
  unmap(iova: number, length: number): void {
    this.#machine.counts.ptUnmaps++;
    for (let at = iova; at < iova + length; ) {
      const { pgsize, count } = calcPgsize(this.#sizes, at, at, iova + length - at);
      this.#log?.unmapPages(at, pgsize, count);
      const unmapped = this.view.unmapPages(at, pgsize, count);
      at += unmapped > 0 ? unmapped : KIB4;
    }
    // iommu_flush_iotlb_all
    this.#log?.tlb("iotlb_all");
    this.view.flush("unmap");
  }

  /** `msm_iommu_pagetable_destroy`. */
  destroy(): void {
    this.#log?.tlb("smmu tlb_flush_all");
    this.view.flush("close");
    this.view.free();
  }

  /** Piece by piece of the memory, as its scatter list has it. @returns bytes mapped */
  #mapSg(iova: number, bo: Bo, offset: number, length: number): number {
    let done = 0;
    while (done < length) {
      const { phys, size } = pieceAt(bo, offset + done, length - done);
      const { pgsize, count } = calcPgsize(this.#sizes, iova + done, phys, size);
      const mapped = this.view.mapPages(iova + done, bo, offset + done, pgsize, count);
      if (mapped <= 0) break;
      done += mapped;
    }
    return done;
  }

  /**
   * Page by page to the same page (`msm_iommu_pagetable_map_prr`): as many at once as are in one table, unless there is something
   * among them. @returns bytes mapped
   */
  #mapPrr(iova: number, length: number): number {
    let done = 0;
    while (done < length) {
      let mapped = this.view.mapPages(iova + done, null, 0, KIB4, (length - done) / KIB4);
      if (mapped === -EEXIST) mapped = this.view.mapPages(iova + done, null, 0, KIB4, 1);
      if (mapped <= 0) break;
      done += mapped;
    }
    return done;
  }

  /** `msm_iommu_pagetable_alloc_pt`. */
  #allocPt(): boolean {
    const prealloc = this.#prealloc;
    if (prealloc === null || prealloc.used === prealloc.count) return false;
    prealloc.used++;
    return true;
  }

  /** `msm_iommu_tlb_flush_walk`: the table that goes may be in walk caches. */
  #flushWalk(iova: number, size: number): void {
    this.#machine.counts.tlb.table++;
    if (this.#log === null) return;
    const range = `0x${iova.toString(16)} 0x${size.toString(16)}`;
    this.#log.tlb(`flush_walk ${range}`, `smmu tlb_flush_walk ${range}`);
  }
}
