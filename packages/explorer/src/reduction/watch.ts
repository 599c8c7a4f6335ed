import type { DmaFence, Lock } from "@gpuvm/core";
import { hashString, join } from "../state/hash.ts";
import { Arrays } from "./arrays.ts";
import { accessorOf } from "./fields.ts";
import { Footprint, WRITE } from "./footprint.ts";
import { OPAQUE, SKIP } from "./known.ts";
import { MARK, type Mark, type Marked, noteTo, placeOf, type Recorder } from "./mark.ts";
import { ALL_PRIVATE, watchMethods } from "./methods.ts";

/** An object that is to be watched, and what it is to be known as. */
interface Found {
  readonly value: object;
  readonly id: number;
}

/**
 * Watches what the steps of one run touch. Nobody declares it: every field of every object that the run can come to is
 * turned into an accessor that notes the place; arrays are looked through after each step, maps and sets are noted by key and as a whole.
 * Private fields (`#x`) cannot be seen: a call of a method stands for them, and as workers and callbacks come to them
 * without a call, each step of a worker is taken to change all of them. What an object is known by is the way by which
 * the run came to it first, so two runs with the same schedule note the same places.
 */
export class Watch implements Recorder {
  /** What the step that is taken, or was taken last, touched. */
  footprint: Footprint = new Footprint();
  readonly #arrays = new Arrays();

  /** A step begins. `worker`: it is a worker's, or time's. */
  begin(worker: boolean): void {
    this.footprint = new Footprint();
    if (worker) this.footprint.add(ALL_PRIVATE, WRITE);
    noteTo(this);
  }

  /** The step is over. */
  end(): void {
    this.#arrays.settle((value, array, at) => {
      const mark = (array as Marked)[MARK];
      if (mark?.watch === this) this.adopt(value, join(mark.id, placeOf(at)));
    });
    noteTo(null);
  }

  /** What the step was waiting for when it began: it looks at that first. */
  waitedFor(lock: Lock | null, fence: DmaFence | null, until: (() => boolean) | null): void {
    void lock?.owner;
    void fence?.signaled;
    until?.();
  }

  /** Something is put into, or taken from, the queue of a worker. */
  queue(label: string): void {
    this.footprint.add(join(WRITE, hashString(label)), WRITE);
  }

  /** From now on whatever is done to a value, and to all that it leads to, is noted. What is to be used in its place. */
  adopt(value: unknown, id: number): unknown {
    if (typeof value !== "object" || value === null) return value;
    const before = noteTo(null);
    const todo: Found[] = [{ value, id }];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) this.#mark(next, todo);
    noteTo(before);
    return value;
  }

  #mark({ value, id }: Found, todo: Found[]): void {
    if (OPAQUE.has(value.constructor) || ArrayBuffer.isView(value)) return;
    // What an earlier run has led to as well is no part of this one: a table, a list of names.
    if ((value as Marked)[MARK] !== undefined || !Object.isExtensible(value)) return;
    const mark: Mark = { watch: this, id, values: {} };
    Object.defineProperty(value, MARK, { value: mark });
    const follow = (child: unknown, at: number) => {
      if (typeof child === "object" && child !== null) todo.push({ value: child, id: join(id, at) });
    };
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) follow(value[i], placeOf(i));
      this.#arrays.add(value);
    } else if (value instanceof Map) {
      for (const [key, child] of value as Map<unknown, unknown>) {
        follow(child, placeOf(key));
        follow(key, 0);
      }
    } else if (value instanceof Set) for (const child of value) follow(child, 0);
    else {
      watchMethods(value);
      this.#fields(value as Record<string, unknown>, mark, follow);
    }
  }

  #fields(value: Record<string, unknown>, mark: Mark, follow: (child: unknown, at: number) => void): void {
    for (const key of Object.keys(value)) {
      if (SKIP.has(key)) continue;
      const field = Object.getOwnPropertyDescriptor(value, key);
      if (field?.configurable !== true || !("value" in field) || typeof field.value === "function") continue;
      const at = hashString(key);
      follow(field.value, at);
      mark.values[key] = field.value;
      Object.defineProperty(value, key, accessorOf(key));
    }
  }
}
