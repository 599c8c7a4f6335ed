import type { Bo } from "./bo.ts";
import type { UserPages } from "./user-pages.ts";

/** A run of page-table entries of one size that lead to consecutive pages. */
export interface PteRun {
  /** First address. */
  start: number;
  /** Address after the last. */
  end: number;
  /** The object, or null: a null page, invalid-but-sparse, or the program's own memory. */
  bo: Bo | null;
  /** Offset into the object of the first page. */
  offset: number;
  /** Bytes that one entry covers. */
  readonly pageSize: number;
  /** Which of the object's pages they are: those that it had when its pages had been taken so often. Set when written. */
  generation?: number;
  /** The program's own memory; absent: an object's, or nothing. */
  readonly user?: UserPages;
}

/** The page-table entries of one VM as runs in address order: what the GPU sees, apart from what the tree says. */
export class PteMap {
  readonly #runs: PteRun[] = [];

  /** How many runs there are. */
  get size(): number {
    return this.#runs.length;
  }

  /** The runs, ascending. */
  runs(): readonly PteRun[] {
    return this.#runs;
  }

  /** Index of the first run that ends behind `addr`. */
  firstEndingAfter(addr: number): number {
    const runs = this.#runs;
    let lo = 0;
    let hi = runs.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((runs[mid] as PteRun).end > addr) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  /** The run that covers `addr`, or null. */
  at(addr: number): PteRun | null {
    const run = this.#runs[this.firstEndingAfter(addr)];
    return run !== undefined && run.start <= addr ? run : null;
  }

  /** The first run that overlaps `[start, end)`, or null. */
  firstIn(start: number, end: number): PteRun | null {
    const run = this.#runs[this.firstEndingAfter(start)];
    return run !== undefined && run.start < end ? run : null;
  }

  /** Puts a run where nothing is. */
  insert(run: PteRun): void {
    this.#runs.splice(this.firstEndingAfter(run.start), 0, run);
  }

  /** Puts a run where nothing is; it becomes part of the one before it where its entries go on from there. */
  join(run: PteRun): void {
    const i = this.firstEndingAfter(run.start);
    const before = this.#runs[i - 1];
    if (
      before === undefined ||
      before.end !== run.start ||
      before.bo !== run.bo ||
      before.pageSize !== run.pageSize ||
      before.generation !== run.generation ||
      before.user !== run.user ||
      (run.bo !== null && before.offset + (before.end - before.start) !== run.offset)
    )
      this.#runs.splice(i, 0, run);
    else before.end = run.end;
  }

  /** Takes out `[start, end)`, cutting runs at its ends, and answers what was there. */
  remove(start: number, end: number): readonly PteRun[] {
    const runs = this.#runs;
    const from = this.firstEndingAfter(start);
    let to = from;
    while (to < runs.length && (runs[to] as PteRun).start < end) to++;
    if (from === to) return NONE;
    const first = runs[from] as PteRun;
    const last = runs[to - 1] as PteRun;
    // Nearly always what is taken out is what was put in.
    if (first.start >= start && last.end <= end) return runs.splice(from, to - from);
    const kept: PteRun[] = [];
    if (first.start < start) kept.push(piece(first, first.start, start));
    if (last.end > end) kept.push(piece(last, end, last.end));
    const gone = runs.splice(from, to - from, ...kept);
    gone[0] = piece(first, Math.max(first.start, start), Math.min(first.end, end));
    if (gone.length > 1) gone[gone.length - 1] = piece(last, last.start, Math.min(last.end, end));
    return gone;
  }
}

const NONE: readonly PteRun[] = [];

/** A part of a run. */
function piece(run: PteRun, start: number, end: number): PteRun {
  return { ...run, start, end, offset: run.offset + (start - run.start) };
}
