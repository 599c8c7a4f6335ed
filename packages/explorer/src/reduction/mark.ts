import { hashString, join } from "../state/hash.ts";
import { type Access, type Footprint, GET } from "./footprint.ts";

/** An object as a whole. */
export const WHOLE = 0;

/** Where an object's mark is. */
export const MARK: unique symbol = Symbol("watched");

/** Who notes what a run does. */
export interface Recorder {
  /** What the step that is taken, or was taken last, touched. */
  readonly footprint: Footprint;
  /** From now on what is done to a value is noted. What is to be used in its place. */
  adopt(value: unknown, id: number): unknown;
}

/** What is known of an object that is watched. */
export interface Mark {
  /** Whose run it belongs to. */
  readonly watch: Recorder;
  /** By which way that run came to it first: the same in each run with the same schedule. */
  readonly id: number;
  /** What is in its fields. */
  readonly values: Record<string, unknown>;
}

/** An object that may be watched. */
export interface Marked {
  [MARK]?: Mark;
}

/** Who is told of accesses now, or null: no step is under way. */
let recorder: Recorder | null = null;

/** Whether accesses are noted now. */
export function isNoting(): boolean {
  return recorder !== null;
}

/** From now on accesses are told to somebody else, or to nobody; who was told before. */
export function noteTo(next: Recorder | null): Recorder | null {
  const before = recorder;
  recorder = next;
  return before;
}

/** Something is done to a place of an object, if that is watched, and of the run that goes on now. */
export function note(mark: Mark | undefined, at: number, access: Access): void {
  if (recorder === null || mark?.watch !== recorder) return;
  // Two places of one hash depend on each other: a schedule too many, never one too few.
  if (access === GET) recorder.footprint.get(join(mark.id, at));
  else recorder.footprint.add(join(mark.id, at), access);
}

/** Something is done to what a map or table has for a key or row. */
export function noteKey(mark: Mark | undefined, key: unknown, access: Access): void {
  if (recorder !== null && mark !== undefined) note(mark, placeOf(key), access);
}

/** Something is done to a place that is of no object. */
export function noteAnywhere(at: number, access: Access): void {
  recorder?.footprint.add(at, access);
}

/** The place of a key or row within its map or table. */
export function placeOf(key: unknown): number {
  if (typeof key === "number") return ~key;
  if (typeof key === "string") return hashString(key);
  return typeof key === "object" && key !== null ? ((key as Marked)[MARK]?.id ?? 1) : 1;
}
