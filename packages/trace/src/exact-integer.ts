/** Strings are matched too, so that digits inside them are stepped over. */
const LONG_INTEGER = /"(?:[^"\\]|\\.)*"|(\d{16,})(?![\d.eE])/g;

/** A literal and the column, from 1, at which it stands. */
export interface InexactLiteral {
  readonly literal: string;
  readonly column: number;
}

/**
 * Finds the first integer literal of a line that a double can't hold. `JSON.parse` would round it without a word, and
 * an address that is off by a few bytes is worse than none.
 */
export function findInexactInteger(line: string): InexactLiteral | undefined {
  for (const match of line.matchAll(LONG_INTEGER)) {
    const literal = match[1];
    if (literal === undefined) continue;
    const value = Number(literal);
    if (!Number.isFinite(value) || BigInt(value) !== BigInt(literal))
      return { literal, column: match.index + 1 };
  }
  return undefined;
}

/**
 * Decimal digits of a non-negative integer, all of them. `String` and `JSON.stringify` round to the shortest digits that
 * read back as the same double, which is another integer above 2^53.
 */
export function exactDecimal(value: number): string {
  return value <= Number.MAX_SAFE_INTEGER ? String(value) : BigInt(value).toString();
}
