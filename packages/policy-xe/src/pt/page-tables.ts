import { GpuView, KIB4, type TlbCause } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { MAX_HUGEPTE_LEVEL, XE_PDES } from "./sizes.ts";
import { PTE_LEAF, PTE_TABLE, XePt } from "./xe-pt.ts";

/**
 * The page tables of a VM on one tile (`vm->pt_root`, `vm->scratch_pt`), and what the GPU sees through them. How many levels
 * there are, and whether tables can be compact, is the platform's: see `platform.ts`.
 */
export class XePageTables extends GpuView {
  /** The device. */
  readonly xe: Xe;
  /** The table that the context points to; null once it was given back. */
  root: XePt | null = null;
  /** Tables that unmapped addresses lead to, on a VM with a scratch page. */
  readonly scratch: XePt[] = [];

  /** Without any table: see {@link XePageTables.createRoot}. */
  constructor(xe: Xe) {
    super(xe.machine, true);
    this.xe = xe;
  }

  /**
   * The root, and with `scratch` one table per level below it down to that of 1 GiB entries (`xe_vm_create_scratch`).
   *
   * @returns false if memory is short; what was made was given back
   */
  createRoot(scratch: boolean): boolean {
    const { vmMaxLevel } = this.xe.platform;
    const root = this.create(vmMaxLevel);
    if (root === null) return false;
    for (let level = MAX_HUGEPTE_LEVEL; scratch && level < vmMaxLevel; level++) {
      const table = this.create(level);
      if (table === null) {
        this.destroy(root);
        this.#freeScratch();
        return false;
      }
      this.scratch.push(table);
    }
    this.root = root;
    return true;
  }

  /** A new table (`xe_pt_create`); null: no memory. */
  create(level: number): XePt | null {
    if (!this.machine.dev.mayAlloc("xe page table") || !this.xe.ttm.chargeTable(KIB4)) return null;
    this.counts.allocated(1, KIB4);
    return new XePt(level);
  }

  /** Gives a table and those below it back (`xe_pt_destroy`). Leafs in it go with it. */
  destroy(pt: XePt | null): void {
    if (pt === null) return;
    this.counts.freed(1, KIB4);
    this.xe.ttm.releaseTable(KIB4);
    let leafs = 0;
    for (let i = 0; i < XE_PDES; i++) if ((pt.entries[i] as number) >= PTE_LEAF) leafs++;
    this.counts.dropped(pt.leafSize, leafs);
    if (pt.staging === null || pt.numLive === 0) return;
    for (const below of pt.staging) this.destroy(below);
  }

  /** The end of a VM: one memset of the root, whatever is below (`xe_pt_clear`). */
  clearRoot(): void {
    const { root } = this;
    if (root === null) return;
    this.#countCleared(root, 0, XE_PDES);
    root.entries.fill(0);
    this.clear(0, this.xe.platform.vaSize);
    this.xe.onEvent?.(["root cleared", XE_PDES]);
  }

  /** Every table is given back: nobody may write entries any more (`xe_vm_free_scratch`, `xe_vm_pt_destroy`). */
  free(): void {
    this.#freeScratch();
    this.destroy(this.root);
    this.root = null;
  }

  /** Entries `[offset, end)` of a table become nothing, or scratch. */
  clearEntries(pt: XePt, offset: number, end: number): void {
    this.#countCleared(pt, offset, end);
    pt.entries.fill(0, offset, end);
  }

  /** One request to one GT to forget what it has of an address range (`xe_tlb_inval_range`), counted. */
  invalidate(cause: TlbCause, gt: number, start: number, last: number): void {
    const { xe } = this;
    xe.machine.counts.tlb[cause]++;
    xe.onEvent?.(["tlb", `gt${gt}`, start, last]);
  }

  /** Every GT is told at once, and waited for (`xe_vm_range_tilemask_tlb_inval`, and the end of a VM). */
  invalidateAll(cause: TlbCause, start: number, last: number): void {
    for (let gt = 0; gt < this.xe.platform.gtCount; gt++) this.invalidate(cause, gt, start, last);
    this.forget();
  }

  /** Counts the entries that lead somewhere among `[offset, end)`. */
  #countCleared(pt: XePt, offset: number, end: number): void {
    let leafs = 0;
    let tables = 0;
    for (let i = offset; i < end; i++) {
      const entry = pt.entries[i] as number;
      if (entry >= PTE_LEAF) leafs++;
      else if (entry === PTE_TABLE) tables++;
    }
    if (leafs > 0) this.counts.cleared(pt.leafSize, leafs);
    if (tables > 0) this.counts.clearedTable(pt.level, tables);
  }

  #freeScratch(): void {
    for (const table of this.scratch.splice(0)) this.destroy(table);
  }
}
