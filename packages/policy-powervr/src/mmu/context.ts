import { GpuView, KIB4, type Machine } from "@gpuvm/drm-model";
import type { PvrMmuCaches } from "./caches.ts";

/** Bytes that a level 0 table covers: 512 pages of 4 KiB. */
export const LEVEL_0_SPAN: number = 2 ** 21;
/** Bytes that a level 1 table covers: 512 level 0 tables. */
export const LEVEL_1_SPAN: number = 2 ** 30;

/**
 * The page tables of one VM (`struct pvr_mmu_context`) as Rogue GPUs have them: three levels at a fixed depth, pages of
 * 4 KiB at the lowest, however the memory lies. Level 2 is the root. A table lives as long as it has entries.
 */
export class PvrMmuContext extends GpuView {
  readonly caches: PvrMmuCaches;
  /** Level 1 tables by their place in the root: how many level 0 tables each leads to (`entry_count`). */
  readonly level1: Map<number, number> = new Map();
  /** Level 0 tables by the 2 MiB that they cover: how many pages each leads to. */
  readonly level0: Map<number, number> = new Map();

  /** A root without entries (`pvr_mmu_context_create`). */
  constructor(machine: Machine, caches: PvrMmuCaches) {
    super(machine, true);
    this.caches = caches;
    this.counts.allocated(1, KIB4);
  }

  /** The root goes; everything was unmapped before (`pvr_mmu_context_destroy`). */
  destroy(): void {
    this.counts.freed(1, KIB4);
  }
}
