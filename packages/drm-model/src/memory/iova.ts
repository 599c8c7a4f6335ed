/** A free range. */
interface Hole {
  start: number;
  end: number;
  /** When it got its bounds: the youngest of holes of one size is taken first. */
  age: number;
}

/**
 * Addresses that the kernel chooses (`drm_mm` with `DRM_MM_INSERT_BEST`, which is mode 0): the smallest hole that is
 * large enough, and of holes of one size the one that got its bounds last, at its beginning, aligned. Addresses and
 * sizes are bytes.
 */
export class IovaSpace {
  readonly #start: number;
  readonly #end: number;
  /** Ascending. */
  readonly #holes: Hole[];
  #age = 0;

  /** Everything in `[start, start + size)` is free. */
  constructor(start: number, size: number) {
    this.#start = start;
    this.#end = start + size;
    this.#holes = [this.#hole(start, this.#end)];
  }

  /** Bytes not taken. */
  get free(): number {
    return this.#holes.reduce((sum, hole) => sum + hole.end - hole.start, 0);
  }

  /** Takes `size` bytes where they fit best (`drm_mm_insert_node_generic`). @returns the address; null: no room */
  alloc(size: number, align = 4096): number | null {
    let best = -1;
    for (let i = 0; i < this.#holes.length; i++) {
      const hole = this.#holes[i] as Hole;
      if (
        aligned(hole, align) + size <= hole.end &&
        (best < 0 || fitsBetter(hole, this.#holes[best] as Hole))
      )
        best = i;
    }
    if (best < 0) return null;
    const at = aligned(this.#holes[best] as Hole, align);
    this.#take(best, at, size);
    return at;
  }

  /** Takes exactly `[at, at + size)` (`drm_mm_reserve_node`); false if it is not free. */
  reserve(at: number, size: number): boolean {
    if (at < this.#start || at + size > this.#end) return false;
    const i = this.#find(at);
    const hole = this.#holes[i];
    if (hole === undefined || hole.start > at || hole.end < at + size) return false;
    this.#take(i, at, size);
    return true;
  }

  /** Gives `[at, at + size)` back (`drm_mm_remove_node`). */
  release(at: number, size: number): void {
    const i = this.#find(at);
    const before = this.#holes[i - 1];
    const after = this.#holes[i];
    const joinsBefore = before?.end === at;
    const joinsAfter = after?.start === at + size;
    const whole = this.#hole(joinsBefore ? before.start : at, joinsAfter ? after.end : at + size);
    this.#holes.splice(joinsBefore ? i - 1 : i, Number(joinsBefore) + Number(joinsAfter), whole);
  }

  /** The first hole that ends behind `at`. */
  #find(at: number): number {
    let lo = 0;
    let hi = this.#holes.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((this.#holes[mid] as Hole).end > at) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  #take(i: number, at: number, size: number): void {
    const { start, end } = this.#holes[i] as Hole;
    const rest: Hole[] = [];
    if (start < at) rest.push(this.#hole(start, at));
    if (at + size < end) rest.push(this.#hole(at + size, end));
    this.#holes.splice(i, 1, ...rest);
  }

  #hole(start: number, end: number): Hole {
    return { start, end, age: this.#age++ };
  }
}

function aligned({ start }: Hole, align: number): number {
  return Math.ceil(start / align) * align;
}

function fitsBetter(a: Hole, b: Hole): boolean {
  const by = a.end - a.start - (b.end - b.start);
  return by < 0 || (by === 0 && a.age > b.age);
}
