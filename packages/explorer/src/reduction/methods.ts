import { hashString, join } from "../state/hash.ts";
import { GET, READ, WRITE } from "./footprint.ts";
import { INSIDES, type Inside } from "./known.ts";
import { MARK, type Mark, type Marked, note, noteAnywhere, noteTo, placeOf, WHOLE } from "./mark.ts";
import { type Method, onUndo, patch } from "./patches.ts";

/** A place of no object: all private fields of which nothing is known. */
export const ALL_PRIVATE = 1;

const patched = new Set<object>();

/** Lets the calls of an object's methods be noted if its class has private fields, or keeps its state to itself. */
export function watchMethods(value: object): void {
  let proto = Object.getPrototypeOf(value) as object | null;
  while (proto !== null && proto !== Object.prototype && !patched.has(proto)) {
    patchMethods(proto);
    proto = Object.getPrototypeOf(proto) as object | null;
  }
}

function patchMethods(proto: object): void {
  patched.add(proto);
  onUndo(() => {
    patched.delete(proto);
  });
  const known = INSIDES.get(proto.constructor);
  if (known === null || (known === undefined && !hasPrivateFields(proto.constructor))) return;
  for (const name of Object.getOwnPropertyNames(proto)) {
    if (name !== "constructor") patch(proto, name, (plain) => noted(plain, known, name));
  }
}

/** Nothing but its source says so. */
function hasPrivateFields(maker: unknown): boolean {
  return /^[ \t]*(?:readonly )?#\w+\s*[=;:]/m.test(Function.prototype.toString.call(maker));
}

function noted(plain: Method, known: Inside | undefined, name: string): Method {
  return function (this: Marked, ...args: unknown[]): unknown {
    const watch = noteTo(null);
    noteTo(watch);
    if (watch === null) return Reflect.apply(plain, this, args) as unknown;
    const mark = this[MARK];
    noteCall(mark, known, name, args[0]);
    if (known?.closed === true) noteTo(null);
    let result: unknown;
    try {
      result = Reflect.apply(plain, this, args);
    } finally {
      noteTo(watch);
    }
    if (typeof result !== "object" || result === null) return result;
    if (mark !== undefined && isSteps(result)) return notedSteps(result, mark, known, name);
    return Array.isArray(result) ? result : watch.adopt(result, join(mark?.id ?? 0, hashString(name)));
  };
}

/** A call stands for all that it does to private fields. */
function noteCall(mark: Mark | undefined, known: Inside | undefined, name: string, row: unknown): void {
  if (mark === undefined) return;
  if (known === undefined) {
    note(mark, WHOLE, WRITE);
    noteAnywhere(ALL_PRIVATE, READ);
    return;
  }
  const access = known.looks === null || known.looks.has(name) ? READ : WRITE;
  if (!known.rows || typeof row !== "number") {
    note(mark, WHOLE, access);
    return;
  }
  note(mark, placeOf(row), access);
  note(mark, WHOLE, access === READ ? READ : GET);
}

function isSteps(value: object): value is Generator {
  return Symbol.iterator in value && "next" in value && "throw" in value;
}

/** The same call, noted at each of its steps. */
function notedSteps(steps: Generator, mark: Mark, known: Inside | undefined, name: string): Generator {
  const plain = steps.next.bind(steps);
  steps.next = (...args) => {
    noteCall(mark, known, name, undefined);
    return plain(...args);
  };
  return steps;
}
