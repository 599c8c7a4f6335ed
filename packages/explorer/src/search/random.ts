/** A seeded generator (xorshift128 of 32 bits): the same seed, the same numbers, on every machine. */
export class Random {
  #x: number;
  #y: number;
  #z = 0x9e3779b9;
  #w = 0x243f6a88;

  /** Begins with a seed, any whole number. */
  constructor(seed: number) {
    this.#x = (seed | 0) ^ 0x6a09e667;
    this.#y = Math.floor(seed / 4294967296) ^ 0x3c6ef372;
    for (let i = 0; i < 16; i++) this.next();
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const t = this.#x ^ (this.#x << 11);
    this.#x = this.#y;
    this.#y = this.#z;
    this.#z = this.#w;
    this.#w = this.#w ^ (this.#w >>> 19) ^ t ^ (t >>> 8);
    return this.#w >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor((this.next() / 4294967296) * n);
  }
}
