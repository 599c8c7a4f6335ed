/** Runs of addresses with the same count, ascending; where none is, the count is 0. */
interface Run {
  start: number;
  end: number;
  count: number;
}

/**
 * References on page tables (`nvif_vmm_raw_get`, `_put`), kept apart from their entries: a table is there while
 * somebody wants to map in it. One count for each page size and page.
 */
export class PtRefs {
  readonly #bySize: Map<number, Run[]> = new Map();

  /** Takes a reference on each page of a range. */
  get(shift: number, addr: number, range: number): void {
    this.#add(shift, addr, addr + range, 1);
  }

  /**
   * Drops a reference on each page of a range.
   *
   * @returns false if some page had none
   */
  put(shift: number, addr: number, range: number): boolean {
    return this.#add(shift, addr, addr + range, -1);
  }

  /** Whether nothing is referenced. */
  get empty(): boolean {
    for (const runs of this.#bySize.values()) if (runs.length > 0) return false;
    return true;
  }

  /** References on the page of a size at an address. */
  at(shift: number, addr: number): number {
    return this.#bySize.get(shift)?.find((run) => run.start <= addr && addr < run.end)?.count ?? 0;
  }

  #add(shift: number, start: number, end: number, by: 1 | -1): boolean {
    let runs = this.#bySize.get(shift);
    if (runs === undefined) {
      runs = [];
      this.#bySize.set(shift, runs);
    }
    let from = 0;
    for (let hi = runs.length; from < hi; ) {
      const mid = (from + hi) >> 1;
      if ((runs[mid] as Run).end > start) hi = mid;
      else from = mid + 1;
    }
    const out: Run[] = [];
    let to = from;
    let at = start;
    let fine = true;
    for (let run = runs[to]; run !== undefined && run.start < end; run = runs[++to]) {
      if (run.start < start) out.push({ start: run.start, end: start, count: run.count });
      if (run.start > at) {
        if (by < 0) fine = false;
        else out.push({ start: at, end: run.start, count: 1 });
      }
      const lo = Math.max(run.start, start);
      const hi = Math.min(run.end, end);
      if (run.count + by > 0) out.push({ start: lo, end: hi, count: run.count + by });
      if (run.end > end) out.push({ start: end, end: run.end, count: run.count });
      at = hi;
    }
    if (at < end) {
      if (by < 0) fine = false;
      else out.push({ start: at, end, count: 1 });
    }
    runs.splice(from, to - from, ...out);
    return fine;
  }
}
