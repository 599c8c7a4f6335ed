const QUOTE = 34;
const BACKSLASH = 92;
const ZERO = 48;
const NINE = 57;

/** 2^53 has 16 digits. */
const SHORT_DIGITS = 15;

/** A literal and the column, from 1, at which it stands. */
export interface InexactLiteral {
  readonly literal: string;
  readonly column: number;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** Just after the string that begins at `i`. */
function afterString(bytes: Uint8Array, i: number, end: number): number {
  for (let k = i + 1; k < end; k++) {
    if (bytes[k] === BACKSLASH) k++;
    else if (bytes[k] === QUOTE) return k + 1;
  }
  return end;
}

/** Digits of a number that goes on with a point or an exponent are no integer literal. */
function isInteger(bytes: Uint8Array, from: number, to: number): boolean {
  const next = String.fromCharCode(bytes[to] ?? 0);
  return bytes[from - 1] !== 46 && next !== "." && next !== "e" && next !== "E";
}

/**
 * Finds the first integer literal of a line of JSON that a double can't hold. `JSON.parse` would round it without a
 * word, and an address that is off by a few bytes is worse than none. Works on bytes: on xe it runs for every exec.
 */
export function findInexactInteger(
  bytes: Uint8Array,
  begin: number,
  end: number,
): InexactLiteral | undefined {
  for (let i = begin; i < end; ) {
    const c = bytes[i];
    if (c === QUOTE) {
      i = afterString(bytes, i, end);
      continue;
    }
    const from = i;
    while (i < end && isDigit(bytes[i])) i++;
    if (i - from > SHORT_DIGITS && isInteger(bytes, from, i)) {
      const literal = String.fromCharCode(...bytes.subarray(from, i));
      const value = Number(literal);
      if (!Number.isFinite(value) || BigInt(value) !== BigInt(literal))
        return { literal, column: from - begin + 1 };
    }
    if (i === from) i++;
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
