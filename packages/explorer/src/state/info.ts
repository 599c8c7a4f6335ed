import type { Content } from "./content.ts";
import type { Kind } from "./kinds.ts";

/** What a walk that goes on from state to state knows of an object. */
export interface Info {
  /** Whose. An object that was spread into another one has left its own there. */
  readonly value: object;
  /** Which walk. */
  readonly of: object;
  readonly kind: Kind;
  /** Nonzero: the setup has made it, and this is its number. */
  readonly ord: number;
  /** What a write to it is a write to, too. */
  owner: Info | null;
  /** What it holds; null: that was written to. */
  content: Content<Info> | null;
  /** The walk that came to it last, and the number that it gave. */
  walk: number;
  seen: number;
  /** What it held after the setup, and the hash of that. */
  base: Content<Info> | null;
  a: number;
  b: number;
  /** Those of the objects that it led to then that are live. */
  liveLeads: readonly Info[];
  /** A step has written to it, ever. */
  dirty: boolean;
  /** It is dirty, or leads to something that is. */
  live: boolean;
  /** Its place among those that are live. */
  place: number;
}

const INFO: unique symbol = Symbol("info");

interface Holder {
  [INFO]?: Info;
}

/** What is known of an object; undefined: nothing. */
export function infoOf(value: object): Info | undefined {
  return (value as Holder)[INFO];
}

/** Something is known of an object from now on. */
export function makeInfo(value: object, of: object, kind: Kind, ord: number): Info {
  const info: Info = {
    ...{ value, of, kind, ord, owner: null, content: null, walk: 0, seen: 0 },
    ...{ base: null, a: 0, b: 0, liveLeads: [], dirty: false, live: false, place: 0 },
  };
  (value as Holder)[INFO] = info;
  return info;
}
