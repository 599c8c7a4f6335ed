/** Something that is to happen. */
export interface Timer {
  /** When: virtual nanoseconds. */
  readonly at: number;
  /** What. */
  readonly fn: () => void;
}

/** What is to happen at which virtual time: a binary heap, first in first out among equal times. */
export class Timers {
  readonly #heap: { at: number; seq: number; fn: () => void }[] = [];
  #seq = 0;

  /** How many are pending. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next one is due, or Infinity. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** What is pending, the next one first. Allocates. */
  list(): Timer[] {
    return this.#heap.slice().sort((a, b) => (before(a, b) ? -1 : 1));
  }

  /** Runs `fn` at `at`. */
  add(at: number, fn: () => void): void {
    const heap = this.#heap;
    const item = { at, seq: this.#seq++, fn };
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as typeof item;
      if (!before(item, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = item;
  }

  /** Takes the next one off. */
  pop(): Timer | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as typeof last)) child++;
      const below = heap[child] as typeof last;
      if (!before(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function before(a: { at: number; seq: number }, b: { at: number; seq: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}
