/**
 * Counts by object, nearly always of one object only: that one has no map. Jobs count what they name, hundreds of buffers each.
 */
export class Uses {
  #first: object | null = null;
  #ofFirst = 0;
  #others: Map<object, number> | null = null;

  /** How many there are of `by`. */
  of(by: object): number {
    return by === this.#first ? this.#ofFirst : (this.#others?.get(by) ?? 0);
  }

  /** So many more, or with a negative number fewer. */
  add(by: object, n: number): void {
    if (this.#first === null) this.#first = by;
    if (by === this.#first) {
      this.#ofFirst += n;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(by, (this.#others.get(by) ?? 0) + n);
  }
}
