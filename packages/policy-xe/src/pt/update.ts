import type { XePt } from "./xe-pt.ts";

/** One entry of a change: what goes there, and the table that it leads to, or, once prepared, the one that it led to. */
export interface PtEntry {
  child: XePt | null;
  readonly entry: number;
}

/** A change to one table that others may use, in consecutive entries (`struct xe_vm_pgtable_update`). */
export class PtUpdate {
  /** The table. */
  readonly pt: XePt;
  /** First entry. */
  readonly ofs: number;
  /** The entries. */
  readonly entries: PtEntry[] = [];

  /** Nothing is to be changed yet. */
  constructor(pt: XePt, ofs: number) {
    this.pt = pt;
    this.ofs = ofs;
  }
}

/** The changes that a walk collects: at any time one table per level is open for more (`struct xe_walk_update`). */
export class WalkUpdates {
  /** In order of their first entry. */
  readonly updates: PtUpdate[] = [];
  readonly #open: { parent: XePt; update: PtUpdate | null }[] = [];

  /** The change to a table that was there (`xe_pt_new_shared`); null: the walk made it, and may write into it. */
  shared(parent: XePt, offset: number): PtUpdate | null {
    const open = this.#open[parent.level];
    if (open?.parent === parent) return open.update;
    const update = new PtUpdate(parent, offset);
    this.updates.push(update);
    this.#open[parent.level] = { parent, update };
    return update;
  }

  /** The walk has made a table: nobody else uses it. */
  isNew(pt: XePt): void {
    this.#open[pt.level] = { parent: pt, update: null };
  }
}
