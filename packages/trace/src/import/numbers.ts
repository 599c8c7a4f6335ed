/** Numbers as kernel texts have them. */
import { TraceError } from "../trace-error.ts";

const U64_MAX = (1n << 64n) - 1n;

/** Says which line of which file a damaged number is on. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

function damaged(place: Place, reason: string): TraceError {
  return new TraceError({ ...place, reason, hint: "restore the line, or remove it" });
}

/** A u64 in hexadecimal, with or without `0x`. */
export function hex64(text: string, what: string, place: Place): bigint {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (!/^[0-9a-f]{1,16}$/i.test(digits))
    throw damaged(place, `${what} is ${JSON.stringify(text)}, not hexadecimal`);
  return BigInt(`0x${digits}`);
}

/** A u64 as a double; a request can't hold one that isn't exact. */
export function exactNumber(value: bigint, what: string, place: Place): number {
  const n = Number(value);
  if (value < 0n || value > U64_MAX || BigInt(n) !== value) {
    throw damaged(place, `${what} 0x${value.toString(16)} can't be held exactly`);
  }
  return n;
}

/** A decimal integer from 0 to 2^53-1. */
export function decimal(text: string, what: string, place: Place): number {
  const n = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(n))
    throw damaged(place, `${what} is ${JSON.stringify(text)}, not a decimal integer`);
  return n;
}

/**
 * A GPU address without the sign that some texts extend it by: those that come from Vulkan have bits 48 to 63 set where
 * bit 47 is. Tracepoints and debugfs never do.
 */
export function unsigned48(va: bigint): bigint {
  return va >> 47n === 0x1ffffn ? va & 0xffff_ffff_ffffn : va;
}
