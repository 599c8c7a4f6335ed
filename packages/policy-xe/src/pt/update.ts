import type { XePt } from "./xe-pt.ts";

/** A change to one table that others may use, in consecutive entries (`struct xe_vm_pgtable_update`). */
export class PtUpdate {
  /** The table. */
  readonly pt: XePt;
  /** First entry. */
  readonly ofs: number;
  /** How many entries (`qwords`). */
  qwords = 0;
  /** What goes there, entry by entry (`PTE_*`); none where they are only cleared. */
  readonly entries: number[] = [];
  /** The tables that the entries lead to, or, once prepared, those that they led to; null: a table of pages leads to none. */
  readonly children: (XePt | null)[] | null;

  /** Nothing is to be changed yet. */
  constructor(pt: XePt, ofs: number) {
    this.pt = pt;
    this.ofs = ofs;
    this.children = pt.level === 0 ? null : [];
  }

  /** The next entry is written, and leads to a table, or (null) to none. */
  write(entry: number, child: XePt | null): void {
    this.qwords++;
    this.entries.push(entry);
    this.children?.push(child);
  }

  /** The next `n` entries are cleared. */
  clear(n: number): void {
    this.qwords += n;
    if (this.children !== null) for (let i = 0; i < n; i++) this.children.push(null);
  }
}

/** The changes that a walk collects: at any time one table per level is open for more (`struct xe_walk_update`). */
export class WalkUpdates {
  /** In order of their first entry. */
  readonly updates: PtUpdate[] = [];
  /** By level: what changes of a table that was there, or a table that the walk has made. */
  readonly #open: (PtUpdate | XePt | undefined)[] = [];

  /** The change to a table that was there (`xe_pt_new_shared`); null: the walk made it, and may write into it. */
  shared(parent: XePt, offset: number): PtUpdate | null {
    const open = this.#open[parent.level];
    if (open === parent) return null;
    if (open instanceof PtUpdate && open.pt === parent) return open;
    const update = new PtUpdate(parent, offset);
    this.updates.push(update);
    this.#open[parent.level] = update;
    return update;
  }

  /** The walk has made a table: nobody else uses it. */
  isNew(pt: XePt): void {
    this.#open[pt.level] = pt;
  }
}
