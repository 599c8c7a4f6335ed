/**
 * A 64-bit hash of a sequence of numbers, as two 32-bit halves: no allocation, no bigint, no string.
 *
 * Two different states get the same one with a chance of about 2^-64: with n states visited, some state was taken for
 * another with a chance of at most n^2 / 2^65 (for 10 million states: 3 in a million). That holds for what is hashed as it
 * is; see `join` for where calls stand.
 */
export class Hash {
  /** First half, a signed 32-bit number. */
  a = 0;
  /** Second half. */
  b = 0;

  /** Begins anew. */
  reset(): void {
    this.a = 0x243f6a88;
    this.b = 0x13198a2e;
  }

  /** Adds a 32-bit whole number. */
  int(v: number): void {
    let a = Math.imul(this.a ^ v, 0x85ebca6b);
    a ^= a >>> 15;
    let b = Math.imul((this.b + v) | 0, 0xc2b2ae35);
    b ^= b >>> 13;
    this.a = (Math.imul(a, 0x27d4eb2f) + b) | 0;
    this.b = b ^ ((a << 7) | (a >>> 25));
  }

  /** Adds any number that is whole: an address, a length. */
  num(v: number): void {
    const low = v | 0;
    this.int(low);
    if (v !== low) this.int(Math.floor(v / 4294967296) | 0);
  }
}

const strings = new Map<string, number>();

/** A 32-bit hash of a string (FNV-1a), remembered. */
export function hashString(text: string): number {
  let h = strings.get(text);
  if (h !== undefined) return h;
  h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  if (strings.size > 100_000) strings.clear();
  strings.set(text, h);
  return h;
}

/**
 * Joins two 32-bit hashes; the order matters, and a hash joined to itself says as much as joined to another one. Of m
 * different sequences two come to the same with a chance of at most m^2 / 2^33.
 */
export function join(h: number, v: number): number {
  const w = Math.imul(v, 0xc2b2ae3d);
  let x = (Math.imul(h, 0x9e3779b1) + ((w << 13) | (w >>> 19))) | 0;
  x ^= x >>> 15;
  x = Math.imul(x, 0x85ebca77);
  return x ^ (x >>> 13);
}
