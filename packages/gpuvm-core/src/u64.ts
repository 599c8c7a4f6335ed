/**
 * A u64 at the edge of the core. A `number` is exact below 2^53, and at any multiple of 4096 up to 2^64;
 * anything else must come as a `bigint`.
 */
export type U64 = number | bigint;

/** 2^64: what the kernel's arithmetic wraps at. */
export const U64_SPACE: number = 2 ** 64;
/** Unit of page-granular values: 4096 bytes. */
export const PAGE = 4096;

/** Byte-granular values below this stay exact in sums and differences (2^52, so that a sum is below 2^53). */
const SMALL = 2 ** 52;
const PAGES_PER_UNIT = 1 / PAGE;
const MASK = 2n ** 64n - 1n;

/** Whether sums of this value are exact in doubles among byte-granular values: it is a whole number in `[0, 2^52]`. */
export function isSmall(v: number): boolean {
  return v <= SMALL && v >= 0 && v === Math.floor(v);
}

/** Whether sums of this value are exact in doubles among page-granular values: a multiple of 4096 in `[0, 2^64)`. */
export function isPageGranular(v: number): boolean {
  const pages = v * PAGES_PER_UNIT;
  return pages === Math.floor(pages) && v >= 0 && v < U64_SPACE;
}

/**
 * The exact value, modulo 2^64.
 *
 * @throws RangeError if a `number` is negative, fractional or not finite.
 */
export function toBig(v: U64): bigint {
  if (typeof v === "bigint") return v & MASK;
  if (!(v >= 0) || v !== Math.floor(v)) {
    throw new RangeError(
      `${v} is not an unsigned 64-bit value: pass a whole number in [0, 2^64), or a bigint`,
    );
  }
  return BigInt(v) & MASK;
}

/** Sum modulo 2^64 of two values that are exact in doubles together with their sum. */
export function wrapAdd(a: number, b: number): number {
  const sum = a + b;
  return sum >= U64_SPACE ? sum - U64_SPACE : sum;
}

/** Sum modulo 2^64. */
export function bigAdd(a: bigint, b: bigint): bigint {
  return (a + b) & MASK;
}

/** Difference modulo 2^64. */
export function bigSub(a: bigint, b: bigint): bigint {
  return (a - b) & MASK;
}

/** The usual notation of an address: `0x` and lower-case hexadecimal. */
export function hex(v: U64): string {
  return `0x${v.toString(16)}`;
}
