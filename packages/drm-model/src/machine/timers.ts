/** Something that is to happen (`struct timer_list`): made once, and set as often as needed. */
export class Timer {
  /** When: virtual nanoseconds. */
  at = 0;
  /** How many were set before: those of one time are in this order. */
  seq = 0;
  /** What; told which timer it is. */
  readonly fn: (timer: Timer) => void;
  /** It is set, and has not fired. */
  pending = false;

  /** Not set. */
  constructor(fn: (timer: Timer) => void) {
    this.fn = fn;
  }
}

/** What is to happen at which virtual time: a binary heap, first in first out among equal times. */
export class Timers {
  // Behind those that are filled there is room: an array that is emptied gives its memory back, and asks for it again.
  readonly #heap: (Timer | undefined)[] = [];
  #filled = 0;
  #seq = 0;

  /** How many are pending. */
  get size(): number {
    return this.#filled;
  }

  /** When the next one is due, or Infinity. */
  get next(): number {
    const first = this.#heap[0];
    return first === undefined ? Number.POSITIVE_INFINITY : first.at;
  }

  /** Whether one is due at a time; no number is handed out, which would be put into a box. */
  isDue(at: number): boolean {
    const first = this.#heap[0];
    return first !== undefined && first.at <= at;
  }

  /** What is pending, the next one first. Allocates. */
  list(): Timer[] {
    const timers = this.#heap.slice(0, this.#filled) as Timer[];
    return timers.sort((a, b) => (before(a, b) ? -1 : 1));
  }

  /** Runs `fn` at `at`. @returns what {@link Timers.cancel} takes */
  add(at: number, fn: (timer: Timer) => void): Timer {
    const timer = new Timer(fn);
    this.set(timer, at);
    return timer;
  }

  /** Sets a timer that is not pending (`add_timer`). */
  set(timer: Timer, at: number): void {
    timer.at = at;
    timer.seq = this.#seq++;
    timer.pending = true;
    this.#up(this.#filled++, timer);
  }

  /** It is not to happen (`timer_delete`); nothing, if it has. */
  cancel(timer: Timer): void {
    if (!timer.pending) return;
    const heap = this.#heap;
    const at = heap.indexOf(timer);
    const last = this.#cutLast();
    timer.pending = false;
    if (last === timer) return;
    if (at > 0 && before(last, heap[(at - 1) >> 1] as Timer)) this.#up(at, last);
    else this.#down(at, last);
  }

  /** Takes the next one off. */
  pop(): Timer | undefined {
    const top = this.#heap[0];
    if (top === undefined) return undefined;
    const last = this.#cutLast();
    top.pending = false;
    if (last !== top) this.#down(0, last);
    return top;
  }

  #cutLast(): Timer {
    const heap = this.#heap;
    const size = --this.#filled;
    const last = heap[size] as Timer;
    heap[size] = undefined;
    return last;
  }

  /** A timer goes to a place, or above it. */
  #up(from: number, timer: Timer): void {
    const heap = this.#heap;
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!before(timer, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = timer;
  }

  /** A timer goes to a place, or below it. */
  #down(from: number, timer: Timer): void {
    const heap = this.#heap;
    const size = this.#filled;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as Timer)) child++;
      const below = heap[child] as Timer;
      if (!before(below, timer)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = timer;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}
