import { type FlushDue, KIB4, type TlbCause } from "@gpuvm/drm-model";
import type { PvrBo } from "../gem/bo.ts";
import { SYNC_LEVEL_0, SYNC_LEVEL_1, SYNC_LEVEL_2, SYNC_NONE } from "./caches.ts";
import { LEVEL_0_SPAN, LEVEL_1_SPAN, type PvrMmuContext } from "./context.ts";

const LEVEL_0_PER_LEVEL_1 = LEVEL_1_SPAN / LEVEL_0_SPAN;

/**
 * One change of the page tables (`struct pvr_mmu_op_context`): the tables that a map may need are allocated before,
 * those that an unmap empties are freed after it, when the caches were told.
 */
export class PvrMmuOpContext {
  readonly mmu: PvrMmuContext;
  /** It maps (`map.sgt`): its flush can wait for the next job. An unmap, even one that a map makes, cannot. */
  readonly maps: boolean;
  readonly cause: TlbCause;
  /** `map.l1_prealloc_tables`, `map.l0_prealloc_tables`. */
  spare1 = 0;
  spare0 = 0;
  /** `unmap.l0_free_tables`, `unmap.l1_free_tables`. */
  emptied = 0;
  /** `sync_level_required`. */
  level: number = SYNC_NONE;

  /**
   * `pvr_mmu_op_context_create`.
   *
   * @param size bytes to be mapped: one level 1 table for each GiB and one level 0 table for each 2 MiB that the range
   *   touches are allocated; 0: this is an unmap
   * @param cause what a flush of an unmap is counted as
   */
  constructor(mmu: PvrMmuContext, addr: number, size: number, cause: TlbCause) {
    this.mmu = mmu;
    this.maps = size > 0;
    this.cause = cause;
    if (!this.maps) return;
    const last = addr + size - 1;
    this.spare1 = Math.floor(last / LEVEL_1_SPAN) - Math.floor(addr / LEVEL_1_SPAN) + 1;
    this.spare0 = Math.floor(last / LEVEL_0_SPAN) - Math.floor(addr / LEVEL_0_SPAN) + 1;
    mmu.counts.allocated(this.spare1 + this.spare0, KIB4);
  }

  /** Writes the entries of a part of an object; nothing is mapped there (`pvr_mmu_map`). */
  map(addr: number, size: number, bo: PvrBo, offset: number): void {
    const { mmu } = this;
    mmu.machine.counts.ptMaps++;
    const end = addr + size;
    mmu.write({ start: addr, end, bo, offset, pageSize: KIB4 });
    mmu.counts.wrote(KIB4, size / KIB4);
    this.#require(SYNC_LEVEL_0);
    for (let table = Math.floor(addr / LEVEL_0_SPAN); table * LEVEL_0_SPAN < end; table++) {
      const had = this.#getOrInsert(table);
      mmu.level0.set(table, had + pagesIn(table, addr, end));
    }
  }

  /** Clears entries (`pvr_mmu_unmap`). */
  unmap(addr: number, size: number): void {
    const { mmu } = this;
    mmu.machine.counts.ptUnmaps++;
    for (const { start, end } of mmu.clear(addr, size, this.#due())) {
      mmu.counts.cleared(KIB4, (end - start) / KIB4);
      this.#require(SYNC_LEVEL_0);
      for (let table = Math.floor(start / LEVEL_0_SPAN); table * LEVEL_0_SPAN < end; table++)
        this.#removePages(table, pagesIn(table, start, end));
    }
  }

  /** Tells the caches, flushes after an unmap, and gives tables back (`pvr_mmu_op_context_destroy`). */
  destroy(): void {
    const { mmu, level } = this;
    if (level !== SYNC_NONE) {
      mmu.caches.setStale(level);
      if (!this.maps) mmu.caches.flush(this.cause);
    }
    mmu.counts.freed(this.spare1 + this.spare0 + this.emptied, KIB4);
  }

  /** Without firmware there is nothing to flush. */
  #due(): FlushDue {
    return !this.maps && this.mmu.caches.booted ? "within-call" : "later";
  }

  /** `pvr_mmu_op_context_load_tables`: the pages that the level 0 table has; put in, and above it, where missing. */
  #getOrInsert(table: number): number {
    const { level0, level1, counts } = this.mmu;
    const had = level0.get(table);
    if (had !== undefined) return had;
    const above = Math.floor(table / LEVEL_0_PER_LEVEL_1);
    const siblings = level1.get(above);
    if (siblings === undefined) {
      this.spare1--;
      counts.wroteTable(2, 1);
      this.#require(SYNC_LEVEL_2);
    }
    level1.set(above, (siblings ?? 0) + 1);
    this.spare0--;
    counts.wroteTable(1, 1);
    this.#require(SYNC_LEVEL_1);
    return 0;
  }

  /** `pvr_page_table_l0_remove`: the last page takes the table with it, and its last table the one above. */
  #removePages(table: number, pages: number): void {
    const { level0, level1, counts } = this.mmu;
    const left = (level0.get(table) ?? 0) - pages;
    if (left > 0) {
      level0.set(table, left);
      return;
    }
    level0.delete(table);
    counts.clearedTable(1, 1);
    this.emptied++;
    const above = Math.floor(table / LEVEL_0_PER_LEVEL_1);
    const siblings = (level1.get(above) ?? 0) - 1;
    if (siblings > 0) {
      level1.set(above, siblings);
      return;
    }
    level1.delete(above);
    counts.clearedTable(2, 1);
    this.emptied++;
  }

  /** `pvr_mmu_op_context_require_sync`. */
  #require(level: number): void {
    if (level > this.level) this.level = level;
  }
}

/** Pages of `[start, end)` that a level 0 table covers. */
function pagesIn(table: number, start: number, end: number): number {
  const from = Math.max(start, table * LEVEL_0_SPAN);
  const to = Math.min(end, (table + 1) * LEVEL_0_SPAN);
  return (to - from) / KIB4;
}
