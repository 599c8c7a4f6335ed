/** A set of 64-bit fingerprints in one typed array: 8 bytes each, open addressing. */
export class Visited {
  #slots: Int32Array;
  #mask: number;
  /** How many. */
  size = 0;

  /** An empty set with room for `1 << bits` fingerprints. */
  constructor(bits = 12) {
    this.#slots = new Int32Array(2 << bits);
    this.#mask = (1 << bits) - 1;
  }

  /** Bytes used. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Adds one; false: it was there. */
  add(a: number, b: number): boolean {
    if ((a | b) === 0) a = 1;
    const slots = this.#slots;
    for (let i = (a ^ (b >>> 7)) & this.#mask; ; i = (i + 1) & this.#mask) {
      const x = slots[2 * i] as number;
      const y = slots[2 * i + 1] as number;
      if ((x | y) === 0) {
        slots[2 * i] = a;
        slots[2 * i + 1] = b;
        if (++this.size * 3 > this.#mask * 2) this.#grow();
        return true;
      }
      if (x === a && y === b) return false;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    this.size = 0;
    for (let i = 0; i < old.length; i += 2) {
      const a = old[i] as number;
      const b = old[i + 1] as number;
      if ((a | b) !== 0) this.add(a, b);
    }
  }
}
