import type { Machine } from "../machine/machine.ts";
import { isAligned, within } from "./aligned.ts";
import type { Bo } from "./bo.ts";
import { entriesOf, type FlushDue, GpuView } from "./gpu-view.ts";
import type { PteRun } from "./pte-map.ts";

/** The shape of a driver's page tables. */
export interface PageTableShape {
  /** Bytes that one entry can cover, greatest first; the last is the smallest page. */
  readonly pageSizes: readonly number[];
  /** Bytes that one table covers, per level from the lowest; the root is not counted. */
  readonly tableSpans: readonly number[];
  /** The driver says when the TLB is flushed, with {@link PageTable.flush}: a machine that watches asks for it. */
  readonly tlb?: true;
}

/** 4 KiB. */
export const KIB4: number = 2 ** 12;
/** 64 KiB. */
export const KIB64: number = 2 ** 16;
/** 2 MiB. */
export const MIB2: number = 2 ** 21;
/** 1 GiB. */
export const GIB1: number = 2 ** 30;
/** 512 GiB. */
export const GIB512: number = 2 ** 39;

/**
 * Page tables of a shape and no particular MMU, for policies that have none of their own: a table lives as long as it has
 * entries. Pages of an object are taken to be contiguous within 2 MiB of it, as huge pages are: an entry of a greater
 * size is used where address and offset are aligned.
 */
export class PageTable extends GpuView {
  readonly #shape: PageTableShape;
  readonly #levels: { readonly span: number; readonly used: Map<number, number> }[];

  /** Empty tables. */
  constructor(machine: Machine, shape: PageTableShape) {
    super(machine, shape.tlb === true);
    this.#shape = shape;
    this.#levels = shape.tableSpans.map((span) => ({ span, used: new Map() }));
  }

  /**
   * Writes entries for `[start, start + length)`; what was there must have been unmapped.
   *
   * @param bo the object, or null for null pages
   * @param most greatest entry size to use, in bytes; default: the greatest of the shape
   */
  map(
    start: number,
    length: number,
    bo: Bo | null,
    offset: number,
    most: number = Number.POSITIVE_INFINITY,
  ): void {
    this.machine.counts.ptMaps++;
    const end = start + length;
    for (let at = start; at < end; ) {
      const pageSize = this.#pageSize(at, offset + (at - start), end - at, most);
      let to = at + pageSize;
      while (to < end && this.#pageSize(to, offset + (to - start), end - to, most) === pageSize)
        to = this.#runEnd(to, end, pageSize);
      const run = { start: at, end: to, bo, offset: offset + (at - start), pageSize };
      this.write(run);
      this.counts.wrote(pageSize, entriesOf(run));
      this.#tablesFor(run, 1);
      at = to;
    }
  }

  /**
   * Clears the entries in `[start, start + length)`; where there are none, nothing happens. The TLB may have them until
   * the next {@link GpuView.flush}.
   *
   * @param due when a machine that watches wants to see that flush
   */
  unmap(start: number, length: number, due: FlushDue = "before-free"): void {
    this.machine.counts.ptUnmaps++;
    for (const run of this.clear(start, length, due)) {
      this.counts.cleared(run.pageSize, entriesOf(run));
      this.#tablesFor(run, -1);
    }
  }

  /**
   * Writes the entries of `[start, start + length)` again, with the places where the same pages are now: a rebind over
   * entries that were left when the pages moved.
   */
  rewrite(start: number, length: number): void {
    this.machine.counts.ptMaps++;
    const end = start + length;
    const runs = this.ptes.runs();
    for (let i = this.ptes.firstEndingAfter(start); i < runs.length; i++) {
      const run = runs[i] as PteRun;
      if (run.start >= end) break;
      const from = Math.max(run.start, start);
      run.generation = run.bo?.generation ?? 0;
      this.counts.wrote(run.pageSize, Math.ceil((Math.min(run.end, end) - from) / run.pageSize));
    }
  }

  #pageSize(at: number, offset: number, left: number, most: number): number {
    const { pageSizes } = this.#shape;
    for (const size of pageSizes) {
      if (size <= most && size <= left && isAligned(at, size) && isAligned(offset, Math.min(size, MIB2)))
        return size;
    }
    return pageSizes[pageSizes.length - 1] as number;
  }

  /** End of the pages of one size that begin at `to`: up to the next address where a greater one may fit. */
  #runEnd(to: number, end: number, pageSize: number): number {
    const greater = this.#shape.pageSizes.filter((size) => size > pageSize).at(-1);
    if (greater === undefined) return end - (within(end - to, pageSize) || 0);
    const stop = Math.min(end, (Math.floor(to / greater) + 1) * greater);
    const whole = Math.floor((stop - to) / pageSize) * pageSize;
    return to + Math.max(whole, pageSize);
  }

  /** Counts the entries in each lowest table that the run touches, and tables in the tables above. */
  #tablesFor(run: PteRun, sign: 1 | -1): void {
    const level = this.#levels.findIndex(({ span }) => span > run.pageSize);
    if (level < 0) return;
    const { span } = this.#levels[level] as { span: number };
    for (let table = Math.floor(run.start / span); table * span < run.end; table++) {
      const from = Math.max(run.start, table * span);
      const to = Math.min(run.end, (table + 1) * span);
      this.#use(level, table, sign * Math.ceil((to - from) / run.pageSize));
    }
  }

  #use(level: number, table: number, entries: number): void {
    const here = this.#levels[level];
    if (here === undefined) return;
    const had = here.used.get(table) ?? 0;
    const has = had + entries;
    if (has === 0) here.used.delete(table);
    else here.used.set(table, has);
    if ((had === 0) === (has === 0)) return;
    const above = this.#levels[level + 1];
    const parent = above === undefined ? 0 : Math.floor((table * here.span) / above.span);
    if (has === 0) {
      this.counts.freed(1, KIB4);
      this.#use(level + 1, parent, -1);
      return;
    }
    this.counts.allocated(1, KIB4);
    this.#use(level + 1, parent, 1);
  }
}
