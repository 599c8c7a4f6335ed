import { EINVAL, type Errno } from "@gpuvm/core";
import { type Bo, GIB1, IoPgtableArm, KIB4, type Machine, MIB2 } from "@gpuvm/drm-model";
import type { MsmLog } from "../drv/log.ts";
import { calcPgsize, type MsmMmu, pieceAt } from "./mmu.ts";

const SIZES = [KIB4, MIB2, GIB1];

/**
 * A domain of the SMMU (`struct msm_iommu`): the display's, and the one of the GPU's kernel objects (TTBR1), which is
 * the only one for GPUs before a6xx. The SMMU's driver takes an entry out of the TLB at a time (`tlb_add_page`), and
 * waits for it at the end of an unmap.
 */
export class MsmIommu implements MsmMmu {
  readonly view: IoPgtableArm;
  /** Entries, of whatever size and tables included, that were taken out of the TLB one by one. */
  tlbiPages = 0;
  readonly #machine: Machine;
  readonly #log: MsmLog | null;

  /** Empty tables (`msm_iommu_new`). */
  constructor(machine: Machine, log: MsmLog | null) {
    this.#machine = machine;
    this.#log = log;
    this.view = new IoPgtableArm(machine, {
      pageSizes: SIZES,
      flushWalk: (iova, size) => this.#flushWalk(iova, size),
    });
  }

  /** `msm_iommu_map`, `iommu_map_sgtable`: always the whole object. */
  map(iova: number, bo: Bo | null, offset: number, length: number): Errno {
    if (bo === null || offset !== 0) return -EINVAL;
    this.#machine.counts.ptMaps++;
    for (let done = 0; done < length; ) {
      const { phys, size } = pieceAt(bo, done, length - done);
      const { pgsize, count } = calcPgsize(SIZES, iova + done, phys, size);
      const mapped = this.view.mapPages(iova + done, bo, done, pgsize, count);
      if (mapped <= 0) return -EINVAL;
      done += mapped;
    }
    return 0;
  }

  /** `msm_iommu_unmap`, `iommu_unmap`: what is not there ends it. */
  unmap(iova: number, length: number): void {
    this.#machine.counts.ptUnmaps++;
    let pages = 0;
    for (let at = iova; at < iova + length; ) {
      const { pgsize, count } = calcPgsize(SIZES, at, at, iova + length - at);
      this.#log?.unmapPages(at, pgsize, count);
      const unmapped = this.view.unmapPages(at, pgsize, count);
      if (unmapped <= 0) break;
      pages += unmapped / pgsize;
      at += unmapped;
    }
    this.tlbiPages += pages;
    this.#machine.counts.tlb.unmap += pages;
    this.#log?.tlb("iotlb_sync");
    this.view.forget();
  }

  /** `msm_iommu_destroy`. */
  destroy(): void {
    this.view.free();
  }

  /** The table that goes may be in walk caches (`arm_smmu_tlb_inv_walk_s1`). */
  #flushWalk(iova: number, size: number): void {
    const range = `0x${iova.toString(16)} 0x${size.toString(16)}`;
    this.#log?.tlb(`flush_walk ${range}`, `smmu tlb_flush_walk ${range}`);
    this.#machine.counts.tlb.table++;
  }
}
