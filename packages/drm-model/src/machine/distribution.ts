/** Numbers from 0 up to this are counted in an array, others in a map: most counts are of a few. */
const FEW = 64;

/** Whole numbers with how often each was seen: exact percentiles of counts, in little space. */
export class Distribution {
  readonly #few: number[] = new Array(FEW).fill(0);
  readonly #more = new Map<number, number>();
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
    this.#count(value, 1);
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
    return this.n - (this.#few[0] as number);
  }

  /** Value and count, by value. */
  entries(): [value: number, count: number][] {
    const few = [...this.#few.entries()].filter(([, count]) => count > 0);
    return [...few, ...this.#more].sort((a, b) => a[0] - b[0]);
  }

  /** Adds all of another, given by its {@link Distribution.entries}. */
  addAll(tally: Iterable<readonly [value: number, count: number]>): void {
    for (const [value, count] of tally) {
      this.#count(value, count);
      this.n += count;
      this.sum += value * count;
      if (value > this.max) this.max = value;
    }
  }

  #count(value: number, n: number): void {
    if (value >= 0 && value < FEW && Number.isInteger(value))
      this.#few[value] = (this.#few[value] as number) + n;
    else this.#more.set(value, (this.#more.get(value) ?? 0) + n);
  }
}
