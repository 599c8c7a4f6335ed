import type { Desc } from "./desc.ts";

/** In place of a table: everything below reads as zero (`NVKM_VMM_PDE_SPARSE`). */
export const PDE_SPARSE = "sparse";

/** Which of two tables for the same range: the one of large pages and every other kind, or the one of small pages. */
export type Half = 0 | 1;

/** Where the table of a level stands in its {@link Pt}. */
export function halfOf(desc: Desc): Half {
  return desc.type === "SPT" ? 1 : 0;
}

/**
 * One entry's worth of address space (`struct nvkm_vmm_pt`): a directory, a table of 2 MiB of large pages, one of small
 * ones, or both. Each of the two is there while it has references.
 *
 * The kernel also tracks, for each large page, whether its entry hides small ones; that decides the contents of entries
 * that lead nowhere, which this model does not look at.
 */
export class Pt {
  /** References on entries of either table; of a directory, how many of its entries lead to tables. */
  readonly refs: [number, number] = [0, 0];
  /** Whether the hardware's table is there. */
  readonly pt: [boolean, boolean] = [false, false];
  /** A directory's entries; null for others. */
  readonly pde: Map<number, Pt | typeof PDE_SPARSE> | null;
  /** Entries that lead nowhere read as zero: the range was sparse before there was a table. */
  readonly sparse: boolean;

  /** Without tables (`nvkm_vmm_pt_new`). */
  constructor(desc: Desc, sparse: boolean) {
    this.pde = desc.type === "PGD" ? new Map() : null;
    this.sparse = sparse;
  }
}
