/** 64-bit fingerprints, each with the least number that it was come to with. */
export class Least {
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  /** An empty table with room for `1 << bits` fingerprints. */
  constructor(bits = 12) {
    this.#slots = new Int32Array(3 << bits);
    this.#mask = (1 << bits) - 1;
  }

  /** Whether a fingerprint was not there, or with more; it has the number from then on. */
  put(a: number, b: number, number: number): boolean {
    if ((a | b) === 0) a = 1;
    const slots = this.#slots;
    for (let i = (a ^ (b >>> 7)) & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = 3 * i;
      const x = slots[at] as number;
      const y = slots[at + 1] as number;
      if ((x | y) === 0) {
        slots[at] = a;
        slots[at + 1] = b;
        slots[at + 2] = number;
        if (++this.#size * 3 > this.#mask * 2) this.#grow();
        return true;
      }
      if (x !== a || y !== b) continue;
      if ((slots[at + 2] as number) <= number) return false;
      slots[at + 2] = number;
      return true;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    this.#size = 0;
    for (let at = 0; at < old.length; at += 3) {
      const a = old[at] as number;
      const b = old[at + 1] as number;
      if ((a | b) !== 0) this.put(a, b, old[at + 2] as number);
    }
  }
}
