interface Run {
  readonly start: number;
  readonly end: number;
  readonly bo: number;
}

/** Which buffers a program has mapped in one VM, ascending by address. */
export class MappedBos {
  readonly #runs: Run[] = [];
  #list: number[] = [];
  /** The list has to be made again. */
  changed = false;

  /** A range leads to a buffer from here on; 0: to none. */
  set(va: number, length: number, bo: number): void {
    const runs = this.#runs;
    const end = va + length;
    let from = 0;
    for (let hi = runs.length; from < hi; ) {
      const mid = (from + hi) >> 1;
      if ((runs[mid] as Run).end > va) hi = mid;
      else from = mid + 1;
    }
    let to = from;
    while (to < runs.length && (runs[to] as Run).start < end) to++;
    const first = runs[from];
    const last = runs[to - 1];
    const put: Run[] = [];
    if (from < to && first !== undefined && first.start < va) put.push({ ...first, end: va });
    if (bo !== 0) put.push({ start: va, end, bo });
    if (from < to && last !== undefined && last.end > end) put.push({ ...last, start: end });
    runs.splice(from, to - from, ...put);
    this.changed = true;
  }

  /** The buffers that are mapped, and of which there is a handle, each once. */
  list(open: ReadonlySet<number>): readonly number[] {
    if (this.changed) {
      this.changed = false;
      this.#list = [...new Set(this.#runs.map(({ bo }) => bo))].filter((bo) => open.has(bo));
    }
    return this.#list;
  }
}
