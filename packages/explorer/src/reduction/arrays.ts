import { READ, WRITE } from "./footprint.ts";
import { MARK, type Marked, note, WHOLE } from "./mark.ts";

/** An array, and what was in it when it was looked through last. */
interface Known {
  readonly array: unknown[] & Marked;
  before: readonly unknown[];
}

/**
 * The arrays of a run. They stay what they are, as a driver may ask whether two are one: whoever comes to one is taken to look at
 * it, and who has changed one shows when a step is over.
 */
export class Arrays {
  readonly #known: Known[] = [];

  /** An array that has its mark. */
  add(array: unknown[]): void {
    this.#known.push({ array, before: array.slice() });
    Object.setPrototypeOf(array, looked);
  }

  /** A step is over: notes the arrays that it has changed; `adopt` is told of what is new in them. */
  settle(adopt: (value: unknown, array: unknown[], at: number) => void): void {
    // Others may come to be known meanwhile, as they are now.
    const { length } = this.#known;
    for (let k = 0; k < length; k++) {
      const known = this.#known[k] as Known;
      const { array, before } = known;
      let same = array.length === before.length;
      for (let i = 0; same && i < array.length; i++) same = array[i] === before[i];
      if (same) continue;
      note(array[MARK], WHOLE, WRITE);
      for (let i = 0; i < array.length; i++) if (array[i] !== before[i]) adopt(array[i], array, i);
      known.before = copy.call(array);
    }
  }
}

/** Somebody has come to an array, and so to those in it. */
export function lookedAt(array: unknown[] & Marked): void {
  note(array[MARK], WHOLE, READ);
  for (const value of Array.prototype.values.call(array)) if (Array.isArray(value)) lookedAt(value);
}

// oxlint-disable-next-line typescript/unbound-method -- called with the array that it is asked of
const copy = Array.prototype.slice;

/** What an array inherits whose methods are looks: those who keep one over a stop come to it by no field. */
const looked: object = Object.create(Array.prototype) as object;
for (const name of Reflect.ownKeys(Array.prototype)) {
  const method = Object.getOwnPropertyDescriptor(Array.prototype, name);
  if (name === "constructor" || typeof method?.value !== "function") continue;
  const plain = method.value as (...args: unknown[]) => unknown;
  Object.defineProperty(looked, name, {
    ...method,
    value(this: unknown[], ...args: unknown[]): unknown {
      note((this as Marked)[MARK], WHOLE, READ);
      return Reflect.apply(plain, this, args);
    },
  });
}
