/** Whole numbers with how often each was seen: exact percentiles of counts, in little space. */
export class Distribution {
  readonly #counts = new Map<number, number>();
  /** How many numbers were added. */
  n = 0;
  /** Their sum. */
  sum = 0;
  /** The greatest, or 0. */
  max = 0;

  /** Adds one. */
  add(value: number): void {
    this.n++;
    this.sum += value;
    if (value > this.max) this.max = value;
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** The smallest value that at least the share `p` (0 to 1) of the values does not exceed; 0 if there are none. */
  percentile(p: number): number {
    let seen = 0;
    for (const [value, count] of this.entries()) {
      seen += count;
      if (seen >= p * this.n) return value;
    }
    return 0;
  }

  /** How many values are greater than 0. */
  get positive(): number {
    return this.n - (this.#counts.get(0) ?? 0);
  }

  /** Value and count, by value. */
  entries(): [value: number, count: number][] {
    return [...this.#counts].sort((a, b) => a[0] - b[0]);
  }

  /** Adds all of another. */
  merge(other: Distribution): void {
    for (const [value, count] of other.entries()) {
      this.#counts.set(value, (this.#counts.get(value) ?? 0) + count);
    }
    this.n += other.n;
    this.sum += other.sum;
    if (other.max > this.max) this.max = other.max;
  }
}
