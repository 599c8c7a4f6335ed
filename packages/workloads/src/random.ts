/** Seeded numbers (mulberry32): the same seed gives the same ones everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number of at least `from` and less than `to`. */
  below(to: number, from = 0): number {
    return from + Math.floor(this.next() * (to - from));
  }

  /** True with this probability. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /** One of them. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /**
   * A number of bytes, whole pages, from a distribution given by points `[share, bytes]`: between two points lengths
   * grow geometrically, as sizes of buffers do.
   */
  bytes(points: readonly (readonly [share: number, bytes: number])[]): number {
    const u = this.next();
    const at = Math.max(
      1,
      points.findIndex(([share]) => share > u),
    );
    const [from, low] = points[at - 1] as readonly [number, number];
    const [to, high] = points[at] as readonly [number, number];
    const value = low * (high / low) ** ((u - from) / (to - from));
    return Math.max(1, Math.round(value / 4096)) * 4096;
  }
}
