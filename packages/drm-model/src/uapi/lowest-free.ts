/**
 * Numbers as an idr or an allocating xarray gives them: the lowest that is free. Programs and traces have names of their
 * own for what they open; what the kernel does to all of them it does in the order of these.
 */
export class LowestFree {
  /** The number of each name. */
  readonly taken: Map<number, number> = new Map();
  /** Numbers that were given back, greatest first. */
  readonly free: number[] = [];

  /** Gives a name its number; one that has a number keeps it. */
  take(name: number): void {
    if (this.taken.has(name)) return;
    this.taken.set(name, this.free.pop() ?? this.taken.size + 1);
  }

  /** Takes the number of a name back. */
  release(name: number): void {
    const number = this.taken.get(name);
    if (number === undefined) return;
    this.taken.delete(name);
    let lo = 0;
    for (let hi = this.free.length; lo < hi; ) {
      const mid = (lo + hi) >> 1;
      if ((this.free[mid] as number) > number) lo = mid + 1;
      else hi = mid;
    }
    this.free.splice(lo, 0, number);
  }

  /** Every name, in the order of the numbers. */
  names(): number[] {
    return [...this.taken].sort((a, b) => a[1] - b[1]).map(([name]) => name);
  }
}
