import { ENOMEM, type Errno } from "@gpuvm/core";
import { isAligned, KIB4, KIB64, type PteRun } from "@gpuvm/drm-model";
import type { XeVma } from "../vm/vm.ts";
import { COMPACT, PTE_1G, PTE_2M, PTE_4K, PTE_64K } from "../vm/vma.ts";
import { COMPACT_SIZES, MAX_HUGEPTE_LEVEL, NORMAL_SIZES } from "./sizes.ts";
import { type PtUpdate, WalkUpdates } from "./update.ts";
import { type PtWalk, ptCovers, ptNumEntries, walkRange } from "./walk.ts";
import { PTE_EMPTY, PTE_LEAF, PTE_LEAF_PS64, PTE_TABLE, type XePt } from "./xe-pt.ts";

/** What a bind has prepared. */
export interface StagedBind {
  /** Changes to tables that were there. */
  readonly updates: readonly PtUpdate[];
  /** What the GPU will see, in address order. */
  readonly runs: readonly PteRun[];
}

/**
 * Builds the tables for a VMA beside those of the VM (`xe_pt_stage_bind`): tables that are new, or can be replaced as a whole,
 * are filled at once; changes to tables that are there, which others may use, are put on a list. A table that the VMA
 * covers exactly is always made anew.
 *
 * @param clear empty entries, no pages: what is not there must be nobody's (`clear_pt`)
 * @returns -ENOMEM, with nothing left behind
 */
export function stageBind(vma: XeVma, clear: boolean): StagedBind | Errno {
  const walk = new StageBind(vma, clear);
  const { pt } = vma.vm;
  const root = pt.root as XePt;
  const err = walkRange(root, root.level, vma.start, vma.end, walk);
  walk.countWritten();
  if (err === 0) return { updates: walk.wupd.updates, runs: walk.runs };
  cancelBind(vma, walk.wupd.updates);
  return err;
}

/** Gives back what a bind that failed had built (`xe_pt_cancel_bind`). */
function cancelBind({ vm }: XeVma, updates: readonly PtUpdate[]): void {
  for (const { children } of updates) for (const child of children ?? []) vm.pt.destroy(child);
}

class StageBind implements PtWalk {
  sizes = NORMAL_SIZES;
  readonly staging = true;
  sharedOnly = false;
  action: PtWalk["action"] = "subtree";
  child: XePt | null = null;
  readonly wupd = new WalkUpdates();
  readonly runs: PteRun[] = [];
  readonly #vma: XeVma;
  readonly #clear: boolean;
  /** It has no pages of its own: null, or purged. */
  readonly #null: boolean;
  /** End of what the table of level 0 that is being filled gets. */
  #l0End = 0;
  /** The 64 KiB that were looked at last, and whether they are one piece. */
  #addr64K = 0;
  #found64K = false;
  /** Leaves of this size that are not counted yet: neighbours mostly have the same. */
  #leafSize = 0;
  #leaves = 0;

  constructor(vma: XeVma, clear: boolean) {
    const purged = vma.bo?.madv === "purged";
    this.#vma = vma;
    this.#null = vma.kind === "null" || purged;
    // Without a scratch page a null entry would lead to physical address 0.
    this.#clear = clear || (purged && !vma.vm.hasScratch);
  }

  /** `xe_pt_stage_bind_entry`. */
  entry(parent: XePt, offset: number, level: number, addr: number, next: number): number {
    if (this.#hugePossible(addr, next, level)) {
      this.#hugeLeaf(parent, offset, level, addr, next);
      this.action = "continue";
      return 0;
    }
    if (level === 1) {
      this.sizes = NORMAL_SIZES;
      this.#l0End = next;
    }
    const covers = ptCovers(addr, next, level, this.sizes);
    if (!covers && this.child !== null) return 0;
    const { pt, xe } = this.#vma.vm;
    const child = pt.create(level - 1);
    if (child === null) return -ENOMEM;
    this.child = child;
    // A table of 64 KiB entries can't have others beside them.
    if (xe.platform.graphicsVerx100 >= 1250 && level === 1 && covers && this.#scan64K(addr, next)) {
      this.sizes = COMPACT_SIZES;
      this.#vma.pteFlags |= COMPACT;
      child.compact = true;
    }
    this.#insert(parent, offset, child, PTE_TABLE);
    pt.counts.wroteTable(level, 1);
    return 0;
  }

  /** Counts the leaves that were written last. */
  countWritten(): void {
    this.#vma.vm.pt.counts.wrote(this.#leafSize, this.#leaves);
    this.#leaves = 0;
  }

  /** The same for the leaves of a table of pages: nearly all there are, and each could only be one. */
  pages(table: XePt, offset: number, addr: number, end: number): number {
    const vma = this.#vma;
    const update = this.wupd.shared(table, offset);
    const step = this.sizes[0] as number;
    const n = ptNumEntries(addr, end, 0, this.sizes);
    for (let i = 0; i < n; i++) {
      let entry = this.#clear ? PTE_EMPTY : PTE_LEAF;
      if (entry === PTE_LEAF && !table.compact && this.#isPs64K(addr + i * step)) {
        vma.pteFlags |= PTE_64K;
        entry = PTE_LEAF_PS64;
      }
      if (update !== null) update.write(entry, null);
      else table.entries[offset + i] = entry;
    }
    if (update === null) table.numLive += n;
    if (!this.#clear) this.#see(addr, end, table.leafSize);
    this.#count(table.leafSize, n);
    vma.pteFlags |= PTE_4K;
    return 0;
  }

  #hugeLeaf(parent: XePt, offset: number, level: number, addr: number, next: number): void {
    const size = parent.leafSize;
    if (!this.#clear) this.#see(addr, next, size);
    this.#insert(parent, offset, null, this.#clear ? PTE_EMPTY : PTE_LEAF);
    this.#count(size, 1);
    this.#vma.pteFlags |= level === 1 ? PTE_2M : PTE_1G;
  }

  #count(size: number, leaves: number): void {
    if (size !== this.#leafSize) {
      this.countWritten();
      this.#leafSize = size;
    }
    this.#leaves += leaves;
  }

  /** `xe_pt_insert_entry`. */
  #insert(parent: XePt, offset: number, child: XePt | null, entry: number): void {
    const update = this.wupd.shared(parent, offset);
    if (child !== null) this.wupd.isNew(child);
    if (update !== null) {
      update.write(entry, child);
      return;
    }
    if (child !== null) {
      (parent.children as (XePt | null)[])[offset] = child;
      (parent.staging as (XePt | null)[])[offset] = child;
    }
    parent.entries[offset] = entry;
    parent.numLive++;
  }

  #see(start: number, end: number, pageSize: number): void {
    const { bo } = this.#vma;
    const last = this.runs.at(-1);
    if (last !== undefined && last.pageSize === pageSize && last.end === start) {
      last.end = end;
      return;
    }
    const offset = this.#null ? start : this.#dma(start);
    const user = this.#vma.userptr?.pages;
    if (user == null)
      this.runs.push({ start, end, bo: this.#null ? null : bo, offset, pageSize, generation: 0 });
    else this.runs.push({ start, end, bo: null, offset, pageSize, generation: 0, user });
  }

  /** `xe_pt_hugepte_possible`. */
  #hugePossible(addr: number, next: number, level: number): boolean {
    if (level > MAX_HUGEPTE_LEVEL || !ptCovers(addr, next, level, this.sizes)) return false;
    return this.#null || this.#clear || this.#onePiece(addr, next - addr);
  }

  /** Whether a range can be done with entries of 64 KiB (`xe_pt_scan_64K`). */
  #scan64K(addr: number, next: number): boolean {
    if (!isAligned(addr, KIB64) || next > this.#l0End) return false;
    if (this.#null) return true;
    for (let at = addr; at < next; at += KIB64) if (!this.#onePiece(at, KIB64)) return false;
    return true;
  }

  /** `xe_pt_is_pte_ps64K`. */
  #isPs64K(addr: number): boolean {
    if (this.#found64K && addr - this.#addr64K < KIB64) return true;
    this.#found64K = this.#scan64K(addr, addr + KIB64);
    this.#addr64K = addr;
    return this.#found64K;
  }

  /** Where the VMA's memory is, seen from the start of the object, whose pieces are naturally aligned. */
  #dma(addr: number): number {
    return this.#vma.offset + (addr - this.#vma.start);
  }

  /** Whether `size` bytes of memory at an address are contiguous and aligned. */
  #onePiece(addr: number, size: number): boolean {
    const { bo } = this.#vma;
    const contiguity = bo === null ? KIB4 : bo.contiguity;
    return size <= contiguity && addr + size <= this.#vma.end && isAligned(this.#dma(addr), size);
  }
}
