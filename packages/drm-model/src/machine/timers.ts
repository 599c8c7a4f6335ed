/** Something that is to happen. */
export interface Timer {
  /** When: virtual nanoseconds. */
  readonly at: number;
  /** What. */
  readonly fn: () => void;
}

/** A timer in its place. */
class Item implements Timer {
  readonly at: number;
  /** How many were added before: those of one time are in this order. */
  readonly seq: number;
  readonly fn: () => void;
  cancelled = false;
  /** It is in the heap. */
  pending = true;

  constructor(at: number, seq: number, fn: () => void) {
    this.at = at;
    this.seq = seq;
    this.fn = fn;
  }
}

/** What is to happen at which virtual time: a binary heap, first in first out among equal times. */
export class Timers {
  readonly #heap: Item[] = [];
  #seq = 0;
  #cancelled = 0;

  /** How many are pending. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** When the next one is due, or Infinity. */
  get next(): number {
    this.#prune();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** What is pending, the next one first. Allocates. */
  list(): Timer[] {
    return this.#heap.filter(({ cancelled }) => !cancelled).sort((a, b) => (before(a, b) ? -1 : 1));
  }

  /** Runs `fn` at `at`. @returns what {@link Timers.cancel} takes */
  add(at: number, fn: () => void): Timer {
    const heap = this.#heap;
    const item = new Item(at, this.#seq++, fn);
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Item;
      if (!before(item, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = item;
    return item;
  }

  /** It is not to happen (`del_timer`); nothing, if it has. */
  cancel(timer: Timer): void {
    const item = timer as Item;
    if (item.cancelled || !item.pending) return;
    item.cancelled = true;
    this.#cancelled++;
  }

  /** Takes the next one off. */
  pop(): Timer | undefined {
    this.#prune();
    return this.#pop();
  }

  /** The next one is not a cancelled one. */
  #prune(): void {
    while (this.#heap[0]?.cancelled === true) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #pop(): Item | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top !== undefined) top.pending = false;
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as Item)) child++;
      const below = heap[child] as Item;
      if (!before(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function before(a: Item, b: Item): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}
