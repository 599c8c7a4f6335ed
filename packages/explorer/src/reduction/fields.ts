import { hashString, join } from "../state/hash.ts";
import { lookedAt } from "./arrays.ts";
import { GET, READ, WRITE } from "./footprint.ts";
import { MARK, type Mark, type Marked, note, WHOLE } from "./mark.ts";

const descriptors = new Map<string, PropertyDescriptor>();

/** The accessor that a field of a name is turned into, the same for all objects. */
export function accessorOf(key: string): PropertyDescriptor {
  let descriptor = descriptors.get(key);
  if (descriptor === undefined) {
    descriptor = makeAccessor(key, hashString(key));
    descriptors.set(key, descriptor);
  }
  return descriptor;
}

function makeAccessor(key: string, at: number): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: true,
    get(this: Marked) {
      const mark = this[MARK] as Mark;
      const value = mark.values[key];
      // What is done to the elements of a typed array cannot be seen.
      if (ArrayBuffer.isView(value)) note(mark, WHOLE, WRITE);
      else note(mark, at, READ);
      if (Array.isArray(value)) lookedAt(value);
      return value;
    },
    set(this: Marked, value: unknown) {
      const mark = this[MARK] as Mark;
      note(mark, at, isGet(key, mark.values[key], value) ? GET : WRITE);
      mark.values[key] = mark.watch.adopt(value, join(mark.id, at));
    },
  };
}

/** A count of references that is not 0 goes up by one. */
function isGet(key: string, before: unknown, after: unknown): boolean {
  return key === "refs" && typeof before === "number" && before > 0 && after === before + 1;
}
