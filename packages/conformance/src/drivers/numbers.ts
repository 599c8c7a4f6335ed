/** A recorder's numbers of things, in the order in which they came; one thing can have several. */
export class Numbers<T> {
  readonly #byNumber: Map<number, T> = new Map();
  readonly #numbers: Map<T, number> = new Map();

  /** `what` is to be known by a number; the first that it gets stays its name. */
  add(number: number, what: T): void {
    this.#byNumber.set(number, what);
    if (!this.#numbers.has(what)) this.#numbers.set(what, number);
  }

  /** What a number stands for. */
  get(number: number): T | undefined {
    return this.#byNumber.get(number);
  }

  /** The number of something, or undefined. */
  of(what: T): number | undefined {
    return this.#numbers.get(what);
  }

  /** Everything that has a number, in the order in which it came. */
  all(): IterableIterator<[T, number]> {
    return this.#numbers.entries();
  }

  /** The same, in the order of the numbers. */
  byNumber(): [T, number][] {
    return [...this.#numbers].sort(([, a], [, b]) => a - b);
  }

  /** It is gone. */
  drop(what: T): void {
    this.#numbers.delete(what);
  }
}
