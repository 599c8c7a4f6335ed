/**
 * Code as it runs while schedules are explored: every write logged, calls as objects. Takes `@babel/standalone`, which only those need
 * who explore code of their own or build packages of it.
 *
 * @packageDocumentation
 */

export { isExplored } from "../transform/explored.ts";
export { transform } from "../transform/transform.ts";
export { register, transformed } from "./hook.ts";
export { explored } from "./vite.ts";
