import type { Kind } from "./kinds.ts";

/** What is known of an object of the setup. */
export interface Plan {
  /** Whose. */
  readonly of: object;
  readonly value: object;
  /** Its number. */
  readonly ord: number;
  readonly kind: Kind;
  /** What it leads to, as far as that is of the setup. */
  readonly leads: object[];
  /** Those of them that are live. */
  liveLeads: readonly object[];
  /** A step has written to it. */
  dirty: boolean;
  /** It is dirty, or leads to something that is. */
  live: boolean;
  /** Its place among those that are live. */
  place: number;
  /** What it held after the setup. */
  a: number;
  b: number;
  /** The walk that came to it last. */
  walk: number;
}

const PLAN: unique symbol = Symbol("plan");
const SEEN: unique symbol = Symbol("seen");

interface Marked {
  [PLAN]?: Plan | undefined;
  [SEEN]?: number;
}

/** The plan of an object, if it has one. */
export function planOf(value: object): Plan | undefined {
  return (value as Marked)[PLAN];
}

/** Gives it one. */
export function setPlan(value: object, plan: Plan): void {
  Object.defineProperty(value, PLAN, { value: plan, writable: true, configurable: true });
}

/** The number that the last walk gave to it, or an older one. */
export function seenOf(value: object): number | undefined {
  return (value as Marked)[SEEN];
}

/** Gives it a number. */
export function setSeen(value: object, number: number): void {
  (value as Marked)[SEEN] = number;
}
