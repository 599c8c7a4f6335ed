import { DrmExec, VaTable } from "@gpuvm/core";
import { Machine, type Timer, Timers } from "@gpuvm/drm-model";
import { join } from "./hash.ts";

/*
 * A call keeps what it looked up in local variables, which nobody can see from outside. If it holds a reference, that
 * shows in a count; a bare pointer (the defect behind many a use after free) shows nowhere. So while schedules are
 * explored the lookups in tables by number are watched, and which mappings a call looked at: what it was given becomes
 * part of where it stands. An object is known by who put it into a table when, a mapping by who allocated it when, not
 * by their numbers, so the same one of two schedules is the same.
 *
 * Of two tickets of the wound/wait class the older one wins: who has one, and since when, is watched for the same reason.
 * So is who put off what a timer or a worker is to do: the function itself is a closure, and says nothing.
 */

/** Marks an object that a call put into a table, and a function that it put off. */
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
const plainUntilAllLocked = DrmExec.prototype.untilAllLocked;
const plainFini = DrmExec.prototype.fini;
const plainAddTimer = Timers.prototype.add;
const plainQueueWork = Machine.prototype.queueWork;
let path = 0;
let watching = false;
let origin = 0;
let tickets = 0;
let newTicket = false;

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

function watchedUntilAllLocked(this: DrmExec): boolean {
  if (watching && this.rounds === 0) {
    tickets++;
    newTicket = true;
  }
  return plainUntilAllLocked.call(this);
}

function watchedFini(this: DrmExec): void {
  if (watching) tickets--;
  plainFini.call(this);
}

function watchedAddTimer(this: Timers, at: number, fn: () => void): Timer {
  putOff(fn);
  return plainAddTimer.call(this, at, fn);
}

function watchedQueueWork(
  this: Machine,
  ...[label, start, context, system]: Parameters<Machine["queueWork"]>
): void {
  putOff(start);
  plainQueueWork.call(this, label, start, context, system);
}

function putOff(what: object): void {
  if (!watching) return;
  origin = join(origin, 6);
  (what as Marked)[IDENTITY] = origin;
}

/** Who put off what a function is to do; 0: it was the setup. */
export function deferredBy(what: object): number {
  return (what as Marked)[IDENTITY] ?? 0;
}

/** Watches all lookups from now on, until the function it returns is called. */
export function watchLookups(): () => void {
  if (Map.prototype.get === watchedGet) return () => {};
  Map.prototype.get = watchedGet;
  Map.prototype.set = watchedSet;
  VaTable.prototype.alloc = watchedAlloc;
  VaTable.prototype.addr = watchedAddr;
  DrmExec.prototype.untilAllLocked = watchedUntilAllLocked;
  DrmExec.prototype.fini = watchedFini;
  Timers.prototype.add = watchedAddTimer;
  Machine.prototype.queueWork = watchedQueueWork;
  return () => {
    Map.prototype.get = plainGet;
    Map.prototype.set = plainSet;
    VaTable.prototype.alloc = plainAlloc;
    VaTable.prototype.addr = plainAddr;
    DrmExec.prototype.untilAllLocked = plainUntilAllLocked;
    DrmExec.prototype.fini = plainFini;
    Timers.prototype.add = plainAddTimer;
    Machine.prototype.queueWork = plainQueueWork;
  };
}

/**
 * A step begins of somebody who stands at `at` and has so many tickets of the wound/wait class. `call`: what he puts off
 * is known by.
 */
export function beginStep(at: number, held: number, call: number): void {
  path = at;
  tickets = held;
  origin = call;
  newTicket = false;
  watching = true;
}

/** The step is over: where he stands now. */
export function endStep(): number {
  watching = false;
  return path;
}

/** What the next thing is known by that the same call puts off. */
export function nextOrigin(): number {
  return origin;
}

/** How many tickets whoever took the last step has. */
export function ticketsHeld(): number {
  return tickets;
}

/** Whether he took one in it. */
export function tookTicket(): boolean {
  return newTicket;
}
