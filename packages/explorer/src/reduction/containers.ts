import { DrmDevice, DrmExec } from "@gpuvm/core";
import { join } from "../state/hash.ts";
import { lookedAt } from "./arrays.ts";
import { type Access, GET, READ, WRITE } from "./footprint.ts";
import { isNoting, MARK, type Marked, note, noteAnywhere, noteKey, noteTo, placeOf, WHOLE } from "./mark.ts";
import { type Method, patch, undoPatches } from "./patches.ts";

/** A place of no object: the age of tickets, which is the order in which they are made. */
const TICKETS = 2;

type Keyed = Marked & { has(key: unknown): boolean; keys?(): Iterable<unknown> };

/**
 * Notes what is done to maps and sets, until the function it returns is called. A key is a place; the whole is the order
 * of the keys, which an insertion changes, so that two of them depend on each other, and a removal does not.
 */
export function watchContainers(): () => void {
  const change = (map: Keyed, key: unknown, access: Access) => {
    noteKey(map[MARK], key, WRITE);
    note(map[MARK], WHOLE, access);
  };
  const adopt = (map: Marked, at: unknown, value: unknown) => {
    const mark = map[MARK];
    return mark === undefined ? value : mark.watch.adopt(value, join(mark.id, placeOf(at)));
  };
  const look = (plain: Method): Method =>
    function (this: Marked, ...args: unknown[]) {
      note(this[MARK], WHOLE, READ);
      return Reflect.apply(plain, this, args) as unknown;
    };
  const lookAt = (plain: Method): Method =>
    function (this: Marked, key: unknown) {
      noteKey(this[MARK], key, READ);
      const value = Reflect.apply(plain, this, [key]) as unknown;
      if (isNoting() && Array.isArray(value)) lookedAt(value);
      return value;
    };
  for (const { prototype } of [Map, Set, WeakMap, WeakSet]) {
    const hasPlain = prototype.has as Method;
    const has = (map: object, key: unknown) => Reflect.apply(hasPlain, map, [key]) === true;
    for (const name of ["size", "forEach", "entries", "keys", "values", Symbol.iterator]) {
      patch(prototype, name, look);
    }
    patch(prototype, "get", lookAt);
    patch(prototype, "has", lookAt);
    patch(
      prototype,
      "set",
      (plain) =>
        function (this: Keyed, key: unknown, value: unknown) {
          change(this, key, isNoting() && has(this, key) ? GET : WRITE);
          return Reflect.apply(plain, this, [key, adopt(this, key, value)]) as unknown;
        },
    );
    patch(
      prototype,
      "add",
      (plain) =>
        function (this: Keyed, key: unknown) {
          change(this, key, isNoting() && has(this, key) ? GET : WRITE);
          return Reflect.apply(plain, this, [adopt(this, "element", key)]) as unknown;
        },
    );
    patch(
      prototype,
      "delete",
      (plain) =>
        function (this: Keyed, key: unknown) {
          change(this, key, GET);
          return Reflect.apply(plain, this, [key]) as unknown;
        },
    );
    patch(
      prototype,
      "clear",
      (plain) =>
        function (this: Keyed) {
          if (isNoting()) for (const key of this.keys?.() ?? []) change(this, key, WRITE);
          Reflect.apply(plain, this, []);
        },
    );
  }
  patch(
    DrmExec.prototype,
    "untilAllLocked",
    (plain) =>
      function (this: DrmExec) {
        if (this.rounds === 0) noteAnywhere(TICKETS, WRITE);
        return Reflect.apply(plain, this, []) as unknown;
      },
  );
  // Before a lock is taken it is asked whether the caller has it already, and counted whether he will have to wait.
  patch(
    DrmDevice.prototype,
    "stopsAt",
    (plain) =>
      function (this: DrmDevice, ...args: unknown[]) {
        const before = noteTo(null);
        try {
          return Reflect.apply(plain, this, args) as unknown;
        } finally {
          noteTo(before);
        }
      },
  );
  return undoPatches;
}
