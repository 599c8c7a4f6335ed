import { BufferTable } from "./buffer-table.ts";
import { EventProblem } from "./event-problem.ts";

const U64_END = 2 ** 64;

/** What the decoders share while a file is read. */
export class DecodeState {
  /** A value above 2^53 was met in the event at hand: its literal must be checked for exactness. */
  big = false;
  readonly buffers: BufferTable = new BufferTable();
}

/** Says what JSON value stands where another one should. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return "a string";
  if (typeof value === "boolean") return String(value);
  return "an object";
}

function notUint(value: unknown, field: string): EventProblem {
  return value === undefined
    ? new EventProblem(
        field,
        `${field} is missing`,
        "this event needs it; see the table of events of the format",
      )
    : new EventProblem(
        field,
        `${field} is ${describe(value)}, not an integer from 0 to 2^64-1`,
        "write it as a decimal integer in the unit that the format gives",
      );
}

/** A non-negative integer that fits 64 bits. Allocates nothing when the value is good. */
export function uint(state: DecodeState, value: unknown, field: string): number {
  if (typeof value !== "number" || !(value >= 0) || value >= U64_END || Math.floor(value) !== value) {
    throw notUint(value, field);
  }
  if (value > Number.MAX_SAFE_INTEGER) state.big = true;
  return value;
}

/** As {@link uint}, at least 1. */
export function positive(state: DecodeState, value: unknown, field: string): number {
  const n = uint(state, value, field);
  if (n === 0) throw new EventProblem(field, `${field} is 0`, "it is at least 1 here");
  return n;
}

/** Bytes of contiguous memory: a power of two from one page on. */
export function pieceSize(state: DecodeState, value: unknown, field: string): number {
  const n = uint(state, value, field);
  if (n >= 4096 && Number.isInteger(Math.log2(n))) return n;
  throw new EventProblem(field, `${field} is ${n}`, "give a power of two from 4096 on");
}

/** A buffer serial that was created before. */
export function knownBo(state: DecodeState, value: unknown, field: string): number {
  const bo = positive(state, value, field);
  state.buffers.need(bo, field);
  return bo;
}

/** 0 or 1 in the file, a boolean here. JSON's own booleans are accepted too. */
export function bool(value: unknown, field: string): boolean {
  if (value === 1 || value === true) return true;
  if (value === 0 || value === false) return false;
  throw new EventProblem(field, `${field} is ${describe(value)}, not 0 or 1`, "write 0 for no and 1 for yes");
}

/** A string. */
export function text(value: unknown, field: string): string {
  if (typeof value === "string") return value;
  throw new EventProblem(field, `${field} is ${describe(value)}, not a string`, "put it in double quotes");
}

/** An array of anything; the caller checks the elements. */
export function list(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new EventProblem(field, `${field} is ${describe(value)}, not an array`, "write [] for an empty list");
}

/** An array of non-negative integers, the same array that was given. */
export function uints(state: DecodeState, value: unknown, field: string): readonly number[] {
  const items = list(value, field);
  for (let i = 0; i < items.length; i++) uint(state, items[i], field);
  return items as readonly number[];
}

/** An array of tuples of `min` to `max` non-negative integers. */
export function tuples(
  state: DecodeState,
  value: unknown,
  field: string,
  min: number,
  max: number,
): readonly (readonly number[])[] {
  const items = list(value, field);
  for (let i = 0; i < items.length; i++) {
    const item = uints(state, items[i], field);
    if (item.length < min || item.length > max) {
      throw new EventProblem(
        field,
        `an entry of ${field} has ${item.length} numbers`,
        min === max ? `each has ${min}` : `each has ${min} to ${max}`,
      );
    }
  }
  return items as readonly (readonly number[])[];
}
