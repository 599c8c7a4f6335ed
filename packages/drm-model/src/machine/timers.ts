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
  // Behind those that are filled there is room: an array that is emptied gives its memory back, and asks for it again.
  readonly #heap: (Item | undefined)[] = [];
  #filled = 0;
  #seq = 0;
  #cancelled = 0;

  /** How many are pending. */
  get size(): number {
    return this.#filled - this.#cancelled;
  }

  /** When the next one is due, or Infinity. */
  get next(): number {
    this.#prune();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** What is pending, the next one first. Allocates. */
  list(): Timer[] {
    const items = this.#heap.slice(0, this.#filled) as Item[];
    return items.filter(({ cancelled }) => !cancelled).sort((a, b) => (before(a, b) ? -1 : 1));
  }

  /** Runs `fn` at `at`. @returns what {@link Timers.cancel} takes */
  add(at: number, fn: () => void): Timer {
    const heap = this.#heap;
    const item = new Item(at, this.#seq++, fn);
    let i = this.#filled++;
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
    if (top === undefined) return undefined;
    top.pending = false;
    const size = --this.#filled;
    const last = heap[size] as Item;
    heap[size] = undefined;
    if (size === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
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
