import type { Machine } from "../machine/machine.ts";
import type { Bo } from "./bo.ts";
import { PteMap, type PteRun } from "./pte-map.ts";

/** The shape of a driver's page tables. */
export interface PageTableShape {
  /** Bytes that one entry can cover, greatest first; the last is the smallest page. */
  readonly pageSizes: readonly number[];
  /** Bytes that one table covers, per level from the lowest; the root is not counted. */
  readonly tableSpans: readonly number[];
  /** The driver says when the TLB is flushed, with {@link PageTable.flush}: a machine that watches asks for it. */
  readonly tlb?: true;
}

/** When the TLB has to forget cleared entries: before their pages go, before the call is over, or when the driver likes. */
export type FlushDue = "before-free" | "within-call" | "later";

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
 * The page tables of one VM, as counts and as what the GPU sees. Pages of an object are taken to be contiguous
 * within 2 MiB of it, as huge pages are: an entry of a greater size is used where address and offset are aligned.
 */
export class PageTable {
  /** What the GPU sees. */
  readonly ptes: PteMap = new PteMap();
  /** Table pages in use. */
  tables = 0;
  /** Most table pages at once. */
  tablesPeak = 0;
  /** Objects whose cleared entries the GPU may still have in its TLB, on a machine that watches. */
  readonly #cached: Set<Bo> = new Set();
  readonly #machine: Machine;
  readonly #shape: PageTableShape;
  readonly #levels: { readonly span: number; readonly used: Map<number, number> }[];

  /** Empty tables. */
  constructor(machine: Machine, shape: PageTableShape) {
    this.#machine = machine;
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
    const { counts } = this.#machine;
    counts.ptMaps++;
    const end = start + length;
    const left = this.ptes.at(start) ?? this.ptes.runs()[this.ptes.firstEndingAfter(start)];
    if (left !== undefined && left.start < end) {
      const what = `${left.bo?.name ?? "a null page"} at 0x${left.start.toString(16)}`;
      this.#machine.hazard("stale-pte", bo?.name ?? "null page", `entries are written over those of ${what}`);
      this.unmap(start, length);
    }
    for (let at = start; at < end; ) {
      const pageSize = this.#pageSize(at, offset + (at - start), end - at, most);
      let to = at + pageSize;
      while (to < end && this.#pageSize(to, offset + (to - start), end - to, most) === pageSize)
        to = this.#runEnd(to, end, pageSize);
      this.#count({ start: at, end: to, bo, offset: offset + (at - start), pageSize }, 1);
      at = to;
    }
    if (this.#machine.auditing && bo !== null) {
      this.#machine.note(bo.name, `mapped at 0x${start.toString(16)}, ${length} bytes`);
    }
  }

  /**
   * Clears the entries in `[start, start + length)`; where there are none, nothing happens. The TLB may have them until
   * the next {@link PageTable.flush}.
   *
   * @param due when a machine that watches wants to see that flush
   */
  unmap(start: number, length: number, due: FlushDue = "before-free"): void {
    const { counts } = this.#machine;
    counts.ptUnmaps++;
    for (const run of this.ptes.remove(start, start + length)) {
      this.#tally(run, -1);
      if (run.bo === null) continue;
      if (this.#machine.options.watch === true) this.#watch(run.bo, due);
      if (this.#machine.auditing) {
        this.#machine.note(
          run.bo.name,
          `unmapped at 0x${run.start.toString(16)}, ${run.end - run.start} bytes`,
        );
      }
      if ((run.bo.activeIn?.get(this) ?? 0) > 0) {
        this.#machine.hazard(
          "gpu-fault",
          run.bo.name,
          `${run.bo.name} is unmapped under a running job that uses it`,
        );
      }
    }
  }

  /** The TLB forgets every entry of this VM. */
  flush(): void {
    this.#machine.counts.tlbInvalidations++;
    this.forget();
  }

  /** No entry of this VM is in the TLB any more, without a flush of its own. */
  forget(): void {
    if (this.#cached.size === 0) return;
    for (const bo of this.#cached) bo.cachedBy?.delete(this);
    this.#cached.clear();
  }

  /** An object of which the TLB may have entries that were cleared, or null; on a machine that watches. */
  get cached(): Bo | null {
    for (const bo of this.#cached) return bo;
    return null;
  }

  #watch(bo: Bo, due: FlushDue): void {
    const asked = this.#shape.tlb === true;
    if (asked && due !== "later") this.#cached.add(bo);
    if (asked && due === "before-free") {
      bo.cachedBy ??= new Set();
      bo.cachedBy.add(this);
    }
    for (const job of this.#machine.inUse) {
      if (job.pt !== this || job.keeps === "now" || !job.bos.has(bo)) continue;
      const what = `${bo.name} is unmapped under a job that uses it`;
      this.#machine.hazard("gpu-fault", bo.name, what);
      return;
    }
  }

  /**
   * Writes the entries of `[start, start + length)` again, with the places where the same pages are now: a rebind over
   * entries that were left when the pages moved.
   */
  rewrite(start: number, length: number): void {
    const { counts } = this.#machine;
    counts.ptMaps++;
    const end = start + length;
    const runs = this.ptes.runs();
    for (let i = this.ptes.firstEndingAfter(start); i < runs.length; i++) {
      const run = runs[i] as PteRun;
      if (run.start >= end) break;
      const from = Math.max(run.start, start);
      counts.ptesWritten += Math.ceil((Math.min(run.end, end) - from) / run.pageSize);
    }
  }

  /** Whether clearing `[start, end)` would cut an entry that covers more than the smallest page. */
  cutsEntry(start: number, end: number): boolean {
    return [start, end].some((at) => {
      const run = this.ptes.at(at);
      return run !== null && run.start < at && (at - run.start) % run.pageSize !== 0;
    });
  }

  /** Page-table entries in use. */
  get entries(): number {
    return this.ptes.runs().reduce((sum, run) => sum + (run.end - run.start) / run.pageSize, 0);
  }

  #pageSize(at: number, offset: number, left: number, most: number): number {
    const { pageSizes } = this.#shape;
    for (const size of pageSizes) {
      if (size <= most && size <= left && at % size === 0 && offset % Math.min(size, MIB2) === 0) return size;
    }
    return pageSizes[pageSizes.length - 1] as number;
  }

  /** End of the pages of one size that begin at `to`: up to the next address where a greater one may fit. */
  #runEnd(to: number, end: number, pageSize: number): number {
    const greater = this.#shape.pageSizes.filter((size) => size > pageSize).at(-1);
    if (greater === undefined) return end - ((end - to) % pageSize || 0);
    const stop = Math.min(end, (Math.floor(to / greater) + 1) * greater);
    const whole = Math.floor((stop - to) / pageSize) * pageSize;
    return to + Math.max(whole, pageSize);
  }

  #count(run: PteRun, sign: 1 | -1): void {
    this.ptes.insert(run);
    this.#tally(run, sign);
  }

  #tally(run: PteRun, sign: 1 | -1): void {
    const entries = Math.ceil((run.end - run.start) / run.pageSize);
    this.#machine.counts.ptesWritten += entries;
    if (run.bo !== null) run.bo.ptes += sign * entries;
    this.#tablesFor(run, sign);
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
      this.tables--;
      this.#use(level + 1, parent, -1);
      return;
    }
    this.tables++;
    this.#machine.counts.tablePagesAllocated++;
    if (this.tables > this.tablesPeak) this.tablesPeak = this.tables;
    this.#use(level + 1, parent, 1);
  }
}
