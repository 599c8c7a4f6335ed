import { GpuvmError } from "@gpuvm/core";
import { type PageTableCounts, type TlbCause, within } from "@gpuvm/drm-model";
import type { Desc, Page } from "./desc.ts";
import { type Half, halfOf, PDE_SPARSE, Pt } from "./pt.ts";

/** No flush is due (`NVKM_VMM_LEVELS_MAX`). */
const LEVELS_MAX = 6;

/** The tables that a walk goes through. */
export interface Tables {
  readonly name: string;
  /** The root. */
  readonly pd: Pt;
  readonly counts: PageTableCounts;
  /** A table for a level; false: no memory. */
  getTable(desc: Desc): boolean;
  /** A table goes. */
  putTable(desc: Desc): void;
  /** The TLB forgets. */
  flush(depth: number, cause: TlbCause): void;
}

/** Where a walk is (`struct nvkm_vmm_iter`). */
export interface Iter {
  readonly vmm: Tables;
  readonly page: Page;
  readonly desc: readonly Desc[];
  /** Entries still to go. */
  cnt: number;
  readonly max: number;
  lvl: number;
  /** Index at each level. */
  readonly pte: number[];
  readonly pt: Pt[];
  /** The highest level, counted from the root, from which the TLB has to be flushed. */
  flush: number;
  /** What makes it flush. */
  cause: TlbCause;
}

/** What a walk does at each table that it comes to. */
export interface Walk {
  /** Makes tables that are not there. */
  readonly ref: boolean;
  /** Takes or drops references; false: the table went, and with it its entries (`REF_PTES`). Null: it does neither. */
  readonly refPtes: ((it: Iter, ptei: number, ptes: number) => boolean) | null;
  /** Writes entries (`MAP_PTES`, `CLR_PTES`); null: it writes none. */
  readonly write: ((it: Iter, ptei: number, ptes: number) => void) | null;
  /** Why it writes. */
  readonly cause: TlbCause;
}

/**
 * Walks the tables of a range, depth first, and flushes the TLB once at the end if anything has changed
 * (`nvkm_vmm_iter`).
 *
 * @returns null; or the address of the first page whose table could not be made
 */
export function walk(vmm: Tables, page: Page, addr: number, size: number, how: Walk): number | null {
  const it = begin(vmm, page, addr, size);
  const { desc } = page;
  const leaf = desc[0] as Desc;
  while (it.cnt > 0) {
    const ptei = it.pte[0] as number;
    const ptes = Math.min(it.cnt, leaf.entries - ptei);
    for (; it.lvl > 0; it.lvl--) {
      if (!descend(it, how.ref)) return failedAt(it);
    }
    if ((how.refPtes?.(it, ptei, ptes) ?? true) && how.write !== null) {
      how.write(it, ptei, ptes);
      it.cause = how.cause;
      flushMark(it);
    }
    it.pte[0] = ptei + ptes;
    it.cnt -= ptes;
    if (it.cnt > 0) carry(it);
  }
  flush(it);
  return null;
}

function begin(vmm: Tables, page: Page, addr: number, size: number): Iter {
  const { desc, bytes } = page;
  let index = Math.floor(addr / bytes);
  const pte = new Array<number>(desc.length);
  // Those below the root are looked up on the way down.
  const pt = new Array<Pt>(desc.length);
  for (let lvl = 0; lvl < desc.length; lvl++) {
    const { entries } = desc[lvl] as Desc;
    // A small number, as arithmetic with great ones does not know.
    pte[lvl] = within(index, entries) | 0;
    pt[lvl] = vmm.pd;
    index = Math.floor(index / entries);
  }
  const max = desc.length - 1;
  const cnt = Math.floor(size / bytes);
  return { vmm, page, desc, cnt, max, lvl: max, pte, pt, flush: LEVELS_MAX, cause: "table" };
}

/** One level down; makes the table if asked to. False: it could not be made. */
function descend(it: Iter, ref: boolean): boolean {
  const pdei = it.pte[it.lvl] as number;
  const pgd = it.pt[it.lvl] as Pt;
  const below = it.desc[it.lvl - 1] as Desc;
  let pgt = pgd.pde?.get(pdei);
  if (ref && (pgt === undefined || pgt === PDE_SPARSE)) {
    // nvkm_vmm_ref_swpt
    pgt = new Pt(below, pgt === PDE_SPARSE);
    pgd.pde?.set(pdei, pgt);
  }
  if (pgt === undefined || pgt === PDE_SPARSE) {
    throw new GpuvmError("REFCOUNT", `nobody holds the ${below.type} of ${it.vmm.name} that a walk comes to`);
  }
  it.pt[it.lvl - 1] = pgt;
  // There may be two tables for one range, and each is counted apart.
  return !ref || pgt.refs[halfOf(below)] !== 0 || refHwpt(it, pgd, pgt, below);
}

/** Makes the hardware's table (`nvkm_vmm_ref_hwpt`). */
function refHwpt(it: Iter, pgd: Pt, pgt: Pt, desc: Desc): boolean {
  const { vmm } = it;
  pgd.refs[0]++;
  pgt.pt[halfOf(desc)] = vmm.getTable(desc);
  if (!pgt.pt[halfOf(desc)]) {
    it.lvl--;
    unrefPdes(it);
    return false;
  }
  vmm.counts.wroteTable(it.lvl, 1);
  flushMark(it);
  return true;
}

/** Drops a table, and those above it that it was the last one of (`nvkm_vmm_unref_pdes`). */
export function unrefPdes(it: Iter): void {
  const { vmm } = it;
  const desc = it.desc[it.lvl] as Desc;
  const type = halfOf(desc);
  const other: Half = type === 0 ? 1 : 0;
  const pgd = it.pt[it.lvl + 1] as Pt;
  const pgt = it.pt[it.lvl] as Pt;
  const pdei = it.pte[it.lvl + 1] as number;
  const there = pgt.pt[type];
  it.lvl++;
  if (--pgd.refs[0] > 0) {
    pgt.pt[type] = false;
    if (pgt.refs[other] === 0) {
      if (pgt.sparse) pgd.pde?.set(pdei, PDE_SPARSE);
      else pgd.pde?.delete(pdei);
    }
    // Cleared, or written again for the other one of two tables.
    vmm.counts.clearedTable(it.lvl, 1);
    it.cause = "table";
    flushMark(it);
    flush(it);
  } else unrefPdes(it);
  if (there) vmm.putTable(desc);
  it.lvl--;
}

/** Drops references on entries, and the table with the last one (`nvkm_vmm_unref_ptes`). */
export function unrefPtes(it: Iter, _ptei: number, ptes: number): boolean {
  const type = halfOf(it.desc[0] as Desc);
  const pgt = it.pt[0] as Pt;
  pgt.refs[type] -= ptes;
  if (pgt.refs[type] > 0) return true;
  if (pgt.refs[type] < 0)
    throw new GpuvmError("REFCOUNT", `a page-table reference of ${it.vmm.name} is put that nobody took`);
  unrefPdes(it);
  return false;
}

/** Takes references on entries (`nvkm_vmm_ref_ptes`). */
export function refPtes(it: Iter, _ptei: number, ptes: number): boolean {
  (it.pt[0] as Pt).refs[halfOf(it.desc[0] as Desc)] += ptes;
  return true;
}

function flushMark(it: Iter): void {
  it.flush = Math.min(it.flush, it.max - it.lvl);
}

function flush(it: Iter): void {
  if (it.flush !== LEVELS_MAX) it.vmm.flush(it.flush, it.cause);
  it.flush = LEVELS_MAX;
}

/** Up to the next position. */
function carry(it: Iter): void {
  while (it.pte[it.lvl] === (it.desc[it.lvl] as Desc).entries) {
    it.pte[it.lvl] = 0;
    it.lvl++;
    it.pte[it.lvl] = (it.pte[it.lvl] as number) + 1;
  }
}

/** The address at which a walk gave up. */
function failedAt(it: Iter): number {
  let addr = 0;
  for (let lvl = it.max; lvl >= 0; lvl--) {
    addr = addr * (it.desc[lvl] as Desc).entries + (it.pte[lvl] as number);
  }
  return addr * it.page.bytes;
}
