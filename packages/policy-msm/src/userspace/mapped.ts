import type { NeutralBindOp } from "@gpuvm/drm-model";

interface Run {
  readonly start: number;
  readonly end: number;
  /** Serial, 0 for a null mapping. */
  readonly bo: number;
}

/** What a translated program has mapped in one address space: to list it at submits, and to unmap it at the end. */
export class Mapped {
  readonly #runs: Run[] = [];
  readonly #count: Map<number, number> = new Map();

  /** The buffers that have a mapping, in the order in which they got their first one. */
  get bos(): number[] {
    return [...this.#count.keys()];
  }

  /** What is mapped, ascending. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** Follows a bind operation. */
  apply(op: NeutralBindOp): void {
    const { kind, bo, va, length } = op;
    this.#cut(va, va + length);
    if (kind === "unmap") return;
    this.#insert({ start: va, end: va + length, bo: kind === "map" ? bo : 0 });
  }

  /** A buffer cannot be listed any more: its handle is closed. */
  forget(bo: number): void {
    this.#count.delete(bo);
  }

  #first(addr: number): number {
    let lo = 0;
    let hi = this.#runs.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((this.#runs[mid] as Run).end > addr) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  #cut(start: number, end: number): void {
    const from = this.#first(start);
    let to = from;
    const kept: Run[] = [];
    for (let run = this.#runs[to]; run !== undefined && run.start < end; run = this.#runs[++to]) {
      this.#tally(run.bo, -1);
      if (run.start < start) kept.push({ ...run, end: start });
      if (run.end > end) kept.push({ ...run, start: end });
    }
    for (const run of kept) this.#tally(run.bo, 1);
    this.#runs.splice(from, to - from, ...kept);
  }

  #insert(run: Run): void {
    this.#runs.splice(this.#first(run.start), 0, run);
    this.#tally(run.bo, 1);
  }

  #tally(bo: number, by: 1 | -1): void {
    if (bo === 0) return;
    const count = (this.#count.get(bo) ?? 0) + by;
    if (count > 0) this.#count.set(bo, count);
    else this.#count.delete(bo);
  }
}
