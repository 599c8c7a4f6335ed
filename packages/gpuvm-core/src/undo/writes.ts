import { logging, note, type Undo } from "./log.ts";

const toLength = (array: unknown[], length: number): void => {
  array.length = length;
};
const toElements = (array: unknown[], old: readonly unknown[]): void => {
  array.length = old.length;
  for (let i = 0; i < old.length; i++) array[i] = old[i];
};
const toNothing = (target: Record<PropertyKey, unknown>, key: PropertyKey): void => {
  delete target[key];
};

/** `target.name = value`: `undo` sets that field, `old` is what it held. */
export function write<T>(value: T, target: unknown, undo: Undo, old: unknown): T {
  if (logging() && value !== old) note(target, undo, old);
  return value;
}

/** `target[key] = value`, where neither is computed twice by the caller; `old` is what was there. */
export function writeAt<T>(value: T, target: object, key: PropertyKey, old: unknown): T {
  if (logging()) noteAt(target, key, value, old);
  return value;
}

/** `target[key] = value`, where either is an expression. */
export function assign<T>(target: Record<PropertyKey, unknown>, key: PropertyKey, value: T): T {
  if (logging()) {
    if (key === "length" && Array.isArray(target)) noteLength(target, value as number);
    else noteAt(target, key, value, target[key]);
  }
  target[key] = value;
  return value;
}

/** `target[key] = change(target[key])`, where target and key are expressions. */
export function update<T>(target: Record<PropertyKey, unknown>, key: PropertyKey, change: (old: T) => T): T {
  return assign(target, key, change(target[key] as T));
}

/** `target.length = length`. */
export function setLength(target: { length: number }, length: number): number {
  if (logging()) {
    if (Array.isArray(target)) noteLength(target, length);
    else note(target, "length", target.length);
  }
  target.length = length;
  return length;
}

/** `delete target[key]`. */
export function remove(target: Record<PropertyKey, unknown>, key: PropertyKey): boolean {
  // The order of the fields is part of what there is: it is put back as a whole.
  if (logging() && Object.hasOwn(target, key)) note(target, toFields as Undo, { ...target });
  return delete target[key];
}

function toFields(target: Record<PropertyKey, unknown>, old: Record<PropertyKey, unknown>): void {
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, old);
}

/** `Object.assign(target, ...sources)`. */
export function assignAll<T extends object>(target: T, ...sources: object[]): T {
  if (logging()) note(target, toFields as Undo, { ...target });
  return Object.assign(target, ...sources) as T;
}

function noteAt(target: object, key: PropertyKey, value: unknown, old: unknown): void {
  if (Array.isArray(target) && typeof key === "number" && key >= target.length)
    note(target, toLength as Undo, target.length);
  else if (old === undefined && !Object.hasOwn(target, key)) note(target, toNothing as Undo, key);
  else if (value !== old) note(target, key, old);
}

function noteLength(array: unknown[], length: number): void {
  if (length < array.length) note(array, toElements as Undo, array.slice());
  else note(array, toLength as Undo, array.length);
}
