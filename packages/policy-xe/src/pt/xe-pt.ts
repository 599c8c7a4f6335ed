import { COMPACT_SIZES, NORMAL_SIZES, XE_PDES } from "./sizes.ts";

/** What an entry is: nothing, or the VM's scratch page. */
export const PTE_EMPTY = 0;
/** It leads to a table. */
export const PTE_TABLE = 1;
/** It leads to a page. */
export const PTE_LEAF = 2;
/** A leaf of 4 KiB with the hint that its 64 KiB are one piece (`XE_PTE_PS64`). */
export const PTE_LEAF_PS64 = 3;

/** A table of any level (`struct xe_pt`): 4 KiB of entries that the GPU reads, and the tables below it. */
export class XePt {
  /** 0: a table of pages. */
  readonly level: number;
  /** Entries in use, by what is staged. */
  numLive = 0;
  /** Its entries cover 64 KiB each; level 0 only. */
  compact = false;
  /** What the GPU reads: `PTE_*`. */
  readonly entries: Uint8Array = new Uint8Array(XE_PDES);
  /** Tables below, as committed; null at level 0. */
  readonly children: (XePt | null)[] | null;
  /** Tables below, as they will be when all that is prepared is committed. */
  readonly staging: (XePt | null)[] | null;

  /** An empty table. */
  constructor(level: number) {
    this.level = level;
    this.children = level === 0 ? null : new Array<XePt | null>(XE_PDES).fill(null);
    this.staging = level === 0 ? null : new Array<XePt | null>(XE_PDES).fill(null);
  }

  /** Bytes that one leaf entry of it covers. */
  get leafSize(): number {
    return (this.compact ? COMPACT_SIZES : NORMAL_SIZES)[this.level] as number;
  }
}
