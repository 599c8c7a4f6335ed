/*
 * The remainder operator is a call for numbers of more than 31 bits, as addresses are, and takes ten times as long as this.
 */

/** `n % size`; `n` is at least 0, `size` a power of two. */
export function within(n: number, size: number): number {
  return n - Math.floor(n / size) * size;
}

/** Whether `n`, at least 0, is a multiple of `size`, a power of two. */
export function isAligned(n: number, size: number): boolean {
  return n - Math.floor(n / size) * size === 0;
}
