import { logging, note, type Undo } from "./log.ts";

/* What stands for a call of a method with one of these names: on whatever has no log of its own it is just that call. */

// biome-ignore lint/suspicious/noExplicitAny: the method of any class may have the name
type Any = any;

const toLength = (array: unknown[], length: number): void => {
  array.length = length;
};
const toElements = (array: unknown[], old: readonly unknown[]): void => {
  array.length = old.length;
  for (let i = 0; i < old.length; i++) array[i] = old[i];
};
const toNumbers = (array: { set(old: ArrayLike<number>): void }, old: ArrayLike<number>): void => {
  array.set(old);
};
const toLonger = (array: unknown[], value: unknown): void => {
  array.push(value);
};
const toEntries = (map: Map<unknown, unknown>, old: readonly (readonly [unknown, unknown])[]): void => {
  map.clear();
  for (const [key, value] of old) map.set(key, value);
};
const toKeys = (set: Set<unknown>, old: readonly unknown[]): void => {
  set.clear();
  for (const key of old) set.add(key);
};
const toWithout = (keyed: { delete(key: unknown): void }, key: unknown): void => {
  keyed.delete(key);
};
const toEntry = (map: Map<unknown, unknown>, [key, value]: readonly [unknown, unknown]): void => {
  map.set(key, value);
};

function noteAll(target: unknown): void {
  if (!logging()) return;
  if (Array.isArray(target)) note(target, toElements as Undo, target.slice());
  else if (ArrayBuffer.isView(target)) note(target, toNumbers as Undo, (target as Int32Array).slice());
}

/** `target.push(...)`, with what it overwrites noted. */
export function push(target: Any, ...values: unknown[]): Any {
  if (logging() && Array.isArray(target)) note(target, toLength as Undo, target.length);
  return target.push(...values);
}

/** `target.push(value)`, with what it overwrites noted. */
export function push1(target: Any, value: unknown): Any {
  if (logging() && Array.isArray(target)) note(target, toLength as Undo, target.length);
  return target.push(value);
}

/** `target.pop(...)`, with what it overwrites noted. */
export function pop(target: Any, ...rest: unknown[]): Any {
  if (logging() && Array.isArray(target) && target.length > 0)
    note(target, toLonger as Undo, target[target.length - 1]);
  return target.pop(...rest);
}

/** `target.shift(...)`, with what it overwrites noted. */
export function shift(target: Any, ...rest: unknown[]): Any {
  noteAll(target);
  return target.shift(...rest);
}

/** `target.unshift(...)`, with what it overwrites noted. */
export function unshift(target: Any, ...values: unknown[]): Any {
  noteAll(target);
  return target.unshift(...values);
}

/** `target.splice(...)`, with what it overwrites noted. */
export function splice(target: Any, ...rest: unknown[]): Any {
  noteAll(target);
  return target.splice(...rest);
}

/** `target.sort(...)`, with what it overwrites noted. */
export function sort(target: Any, ...rest: unknown[]): Any {
  noteAll(target);
  return target.sort(...rest);
}

/** `target.reverse(...)`, with what it overwrites noted. */
export function reverse(target: Any, ...rest: unknown[]): Any {
  noteAll(target);
  return target.reverse(...rest);
}

/** `target.fill(...)`, with what it overwrites noted. */
export function fill(target: Any, ...rest: unknown[]): Any {
  noteAll(target);
  return target.fill(...rest);
}

/** `target.copyWithin(...)`, with what it overwrites noted. */
export function copyWithin(target: Any, ...rest: unknown[]): Any {
  noteAll(target);
  return target.copyWithin(...rest);
}

/** `target.set(...)`, with what it overwrites noted. */
export function set(target: Any, ...rest: unknown[]): Any {
  if (logging()) {
    if (target instanceof Map || target instanceof WeakMap) {
      const map = target as Map<unknown, unknown>;
      const [key] = rest;
      if (!map.has(key)) note(map, toWithout as Undo, key);
      else if (map.get(key) !== rest[1]) note(map, toEntry as Undo, [key, map.get(key)]);
    } else noteAll(target);
  }
  return target.set(...rest);
}

/** `target.add(...)`, with what it overwrites noted. */
export function add(target: Any, ...rest: unknown[]): Any {
  if (logging() && (target instanceof Set || target instanceof WeakSet)) {
    const key = rest[0] as object;
    if (!target.has(key)) note(target, toWithout as Undo, key);
  }
  return target.add(...rest);
}

/** Named so as `delete` is a word of the language. */
export function deleteKey(target: Any, ...rest: unknown[]): Any {
  if (logging()) {
    const key = rest[0] as object;
    // Maps and sets are in the order of insertion, so they are put back as a whole.
    if (target instanceof Map) {
      if (target.has(key)) note(target, toEntries as Undo, [...target]);
    } else if (target instanceof Set) {
      if (target.has(key)) note(target, toKeys as Undo, [...target]);
    } else if (target instanceof WeakMap) {
      if (target.has(key)) note(target, toEntry as Undo, [key, target.get(key)]);
    } else if (target instanceof WeakSet && target.has(key)) {
      note(target, ((keys: WeakSet<object>, old: object) => keys.add(old)) as unknown as Undo, key);
    }
  }
  return target.delete(...rest);
}

/** `target.clear(...)`, with what it overwrites noted. */
export function clear(target: Any, ...rest: unknown[]): Any {
  if (logging()) {
    if (target instanceof Map) note(target, toEntries as Undo, [...target]);
    else if (target instanceof Set) note(target, toKeys as Undo, [...target]);
  }
  return target.clear(...rest);
}

/** `target?.method(...)`: nothing where there is no target. */
export function optional(
  method: (target: Any, ...rest: unknown[]) => Any,
  target: Any,
  ...rest: unknown[]
): Any {
  return target === null || target === undefined ? undefined : method(target, ...rest);
}
