import { VaTable } from "@gpuvm/core";
import { join } from "./hash.ts";

/*
 * A call keeps what it looked up in local variables, which nobody can see from outside. If it holds a reference, that
 * shows in a count; a bare pointer (the defect behind many a use after free) shows nowhere. So while schedules are
 * explored the lookups in tables by number are watched, and which mappings a call looked at: what it was given becomes
 * part of where it stands. An object is known by who put it into a table when, a mapping by who allocated it when, not
 * by their numbers, so the same one of two schedules is the same.
 */

/** Marks an object that a call put into a table. */
const IDENTITY = Symbol("identity");

interface Marked {
  [IDENTITY]?: number;
}

/* oxlint-disable typescript/unbound-method -- each is called with the map or the table that it is of */

/** A table of mappings with the identity of each row. */
interface MarkedTable extends VaTable {
  [IDENTITY]?: number[];
}

/** `Map.prototype.get` as it is when nobody watches. */
export const plainGet: (this: Map<unknown, unknown>, key: unknown) => unknown = Map.prototype.get;
const plainSet = Map.prototype.set;
const plainAlloc = VaTable.prototype.alloc;
const plainAddr = VaTable.prototype.addr;
let path = 0;
let watching = false;

function watchedGet(this: Map<unknown, unknown>, key: unknown): unknown {
  const value = plainGet.call(this, key);
  if (watching && typeof key === "number" && typeof value === "object" && value !== null) {
    path = join(path, (value as Marked)[IDENTITY] ?? 1);
  }
  return value;
}

function watchedSet(this: Map<unknown, unknown>, key: unknown, value: unknown): Map<unknown, unknown> {
  if (watching && typeof key === "number" && typeof value === "object" && value !== null) {
    path = join(path, 4);
    (value as Marked)[IDENTITY] ??= path;
  }
  return plainSet.call(this, key, value);
}

function watchedAlloc(this: MarkedTable): number {
  const va = plainAlloc.call(this);
  if (watching) path = join(path, 5);
  this[IDENTITY] ??= [];
  this[IDENTITY][va] = watching ? path : 1;
  return va;
}

function watchedAddr(this: MarkedTable, va: number): number {
  if (watching) path = join(path, this[IDENTITY]?.[va] ?? 1);
  return plainAddr.call(this, va);
}

/** Watches all lookups from now on, until the function it returns is called. */
export function watchLookups(): () => void {
  if (Map.prototype.get === watchedGet) return () => {};
  Map.prototype.get = watchedGet;
  Map.prototype.set = watchedSet;
  VaTable.prototype.alloc = watchedAlloc;
  VaTable.prototype.addr = watchedAddr;
  return () => {
    Map.prototype.get = plainGet;
    Map.prototype.set = plainSet;
    VaTable.prototype.alloc = plainAlloc;
    VaTable.prototype.addr = plainAddr;
  };
}

/** A step of somebody who stands at `at` begins. */
export function beginStep(at: number): void {
  path = at;
  watching = true;
}

/** The step is over: where he stands now. */
export function endStep(): number {
  watching = false;
  return path;
}
