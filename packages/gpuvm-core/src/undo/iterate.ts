import { push1 } from "./containers.ts";
import { write } from "./writes.ts";

/** Where a `for`-`of` of a call stands, as an object: the language's own iterators cannot be put back. */
export interface Walk {
  /** Goes on to the next element; false: there is none. */
  more(): boolean;
  /** The element that it is at. */
  readonly value: unknown;
}

/** Over an array, as long as it is at each step. */
class ArrayWalk implements Walk {
  readonly array: readonly unknown[];
  readonly entries: boolean;
  at = -1;
  constructor(array: readonly unknown[], entries: boolean) {
    this.array = array;
    this.entries = entries;
  }
  more(): boolean {
    this.at = write(this.at + 1, this, toAt, this.at);
    return this.at < this.array.length;
  }
  get value(): unknown {
    return this.entries ? [this.at, this.array[this.at]] : this.array[this.at];
  }
}

const toAt = (walk: ArrayWalk, old: number): void => {
  walk.at = old;
};

type Part = "keys" | "values" | "entries";

/** Over a map or set, which may change meanwhile: what was not seen is still to come. */
class KeyedWalk implements Walk {
  readonly keyed: Map<unknown, unknown> | Set<unknown>;
  readonly part: Part;
  readonly seen: unknown[] = [];
  constructor(keyed: Map<unknown, unknown> | Set<unknown>, part: Part) {
    this.keyed = keyed;
    this.part = part;
  }
  more(): boolean {
    for (const key of this.keyed.keys()) {
      if (this.seen.includes(key)) continue;
      push1(this.seen, key);
      return true;
    }
    return false;
  }
  get value(): unknown {
    const key = this.seen.at(-1);
    const value = this.keyed instanceof Map ? this.keyed.get(key) : key;
    return this.part === "keys" ? key : this.part === "values" ? value : [key, value];
  }
}

/** Over what another generator yields. */
class IteratorWalk implements Walk {
  readonly iterator: Iterator<unknown>;
  value: unknown = undefined;
  constructor(iterator: Iterator<unknown>) {
    this.iterator = iterator;
  }
  more(): boolean {
    const step = this.iterator.next();
    this.value = write(step.value as unknown, this, toValue, this.value);
    return step.done !== true;
  }
}

const toValue = (walk: IteratorWalk, old: unknown): void => {
  walk.value = old;
};

/** What a `for`-`of` of a call goes over. */
export function iterate(values: Iterable<unknown>): Walk {
  if (Array.isArray(values)) return new ArrayWalk(values, false);
  if (values instanceof Map) return new KeyedWalk(values, "entries");
  if (values instanceof Set) return new KeyedWalk(values, "values");
  const iterator = values[Symbol.iterator]();
  // An iterator of the language's own has its place inside: what is to come is taken from it at once.
  const native = /Iterator\]$/.test(Object.prototype.toString.call(iterator));
  return native ? new ArrayWalk([...values], false) : new IteratorWalk(iterator);
}

/** `for (... of target.keys())` and so on. */
export function iterateOver(target: { [P in Part]: () => Iterable<unknown> }, part: Part): Walk {
  if (target instanceof Map || target instanceof Set) return new KeyedWalk(target, part);
  if (Array.isArray(target) && part !== "keys") return new ArrayWalk(target, part === "entries");
  return iterate(target[part]());
}

/** What a pattern `[a, b]` is taken from. */
export function elements(values: Iterable<unknown>): unknown[] {
  return Array.isArray(values) ? values : [...values];
}
