/**
 * Addresses that a kernel chooses: first fit from the bottom (`drm_mm` in its default mode), or at a place that was
 * asked for.
 */
export class IovaSpace {
  readonly #start: number;
  readonly #end: number;
  readonly #holes: { start: number; end: number }[];

  /** Everything in `[start, start + size)` is free. */
  constructor(start: number, size: number) {
    this.#start = start;
    this.#end = start + size;
    this.#holes = [{ start, end: start + size }];
  }

  /** Bytes free. */
  get free(): number {
    return this.#holes.reduce((sum, hole) => sum + hole.end - hole.start, 0);
  }

  /** The lowest address where `size` bytes fit, aligned; null: no room. */
  alloc(size: number, align = 4096): number | null {
    for (let i = 0; i < this.#holes.length; i++) {
      const hole = this.#holes[i] as { start: number; end: number };
      const at = Math.ceil(hole.start / align) * align;
      if (at + size > hole.end) continue;
      this.#take(i, at, size);
      return at;
    }
    return null;
  }

  /** Takes exactly `[at, at + size)`; false if it is not free. */
  reserve(at: number, size: number): boolean {
    if (at < this.#start || at + size > this.#end) return false;
    const i = this.#find(at);
    const hole = this.#holes[i];
    if (hole === undefined || hole.start > at || hole.end < at + size) return false;
    this.#take(i, at, size);
    return true;
  }

  /** Gives `[at, at + size)` back. */
  release(at: number, size: number): void {
    const i = this.#find(at);
    const before = this.#holes[i - 1];
    const after = this.#holes[i];
    const joinsBefore = before !== undefined && before.end === at;
    const joinsAfter = after !== undefined && after.start === at + size;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      this.#holes.splice(i, 1);
    } else if (joinsBefore) before.end = at + size;
    else if (joinsAfter) after.start = at;
    else this.#holes.splice(i, 0, { start: at, end: at + size });
  }

  /** The first hole that ends behind `at`. */
  #find(at: number): number {
    let lo = 0;
    let hi = this.#holes.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((this.#holes[mid] as { end: number }).end > at) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  #take(i: number, at: number, size: number): void {
    const hole = this.#holes[i] as { start: number; end: number };
    const rest: { start: number; end: number }[] = [];
    if (hole.start < at) rest.push({ start: hole.start, end: at });
    if (at + size < hole.end) rest.push({ start: at + size, end: hole.end });
    this.#holes.splice(i, 1, ...rest);
  }
}
