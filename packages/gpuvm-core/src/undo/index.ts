/**
 * What transformed code runs on: the log of writes, and calls as objects. Nothing else in the core uses it; only the explorer's
 * transformed copies of core, model and policies import it.
 *
 * @packageDocumentation
 */

export { type Captures, captures, capturesOf } from "./closure.ts";
export {
  add,
  clear,
  copyWithin,
  deleteKey,
  fill,
  optional,
  pop,
  push,
  push1,
  reverse,
  set,
  shift,
  sort,
  splice,
  unshift,
} from "./containers.ts";
export { delegated, Frame } from "./frame.ts";
export { elements, iterate, iterateOver, type Walk } from "./iterate.ts";
export { Endless, era, logging, mark, setLogging, type Undo, undo, written } from "./log.ts";
export { assign, assignAll, remove, setLength, update, write, writeAt } from "./writes.ts";
