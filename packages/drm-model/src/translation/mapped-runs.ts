/** A range of addresses and what a program has mapped there. */
export interface MappedRun {
  /** The first address. */
  readonly start: number;
  /** One past the last. */
  readonly end: number;
  /** The buffer's number; 0: none. */
  readonly bo: number;
  /** How many ranges were mapped before it; pieces keep it. */
  readonly nth: number;
}

/** What a translated program has mapped in one address space, as far as a translation has to know. The model of the kernel's own is in the core. */
export class MappedRuns {
  readonly #runs: MappedRun[] = [];
  #nth = 0;

  /** What is mapped, ascending, no two of which overlap. */
  get runs(): readonly MappedRun[] {
    return this.#runs;
  }

  /** A range leads to a buffer from here on; 0: to none. `told` hears of each range that comes or goes, pieces included. */
  map(va: number, length: number, bo: number, told?: (bo: number, by: 1 | -1) => void): void {
    const at = this.unmap(va, length, told);
    this.#runs.splice(at, 0, { start: va, end: va + length, bo, nth: this.#nth++ });
    told?.(bo, 1);
  }

  /** A range leads nowhere from here on. @returns where in {@link MappedRuns.runs} it would be */
  unmap(va: number, length: number, told?: (bo: number, by: 1 | -1) => void): number {
    const runs = this.#runs;
    const end = va + length;
    const from = this.#endsAfter(va);
    let to = from;
    for (let run = runs[to]; run !== undefined && run.start < end; run = runs[++to]) told?.(run.bo, -1);
    if (from === to) return from;
    const first = runs[from] as MappedRun;
    const last = runs[to - 1] as MappedRun;
    const before = first.start < va ? [{ ...first, end: va }] : [];
    const behind = last.end > end ? [{ ...last, start: end }] : [];
    runs.splice(from, to - from, ...before, ...behind);
    if (told !== undefined) for (const { bo } of [...before, ...behind]) told(bo, 1);
    return from + before.length;
  }

  /** Where the first is that ends behind an address. */
  #endsAfter(va: number): number {
    const runs = this.#runs;
    let low = 0;
    for (let high = runs.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((runs[middle] as MappedRun).end > va) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
