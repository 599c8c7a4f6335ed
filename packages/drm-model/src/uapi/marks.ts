/** Which of a list are marked, a bit for each: of the buffers that a submit lists mostly none is written. */
export class Marks {
  #bits: number[] | null = null;

  /** Marks those at some places of a list of `length`; others are not in it. */
  set(places: readonly number[], length: number): void {
    if (places.length === 0) return;
    const bits = this.#bits ?? [0];
    while (bits.length * 32 < length) bits.push(0);
    this.#bits = bits;
    for (const i of places) if (i < length) bits[i >> 5] = (bits[i >> 5] ?? 0) | (1 << (i & 31));
  }

  /** Whether the one at a place is marked. */
  has(i: number): boolean {
    return this.#bits !== null && (((this.#bits[i >> 5] ?? 0) >> (i & 31)) & 1) !== 0;
  }
}
