import type { Content } from "./content.ts";
import type { Kind } from "./kind.ts";

/** What a walk that goes on from state to state knows of an object. */
export class Info {
  /** Whose. An object that was spread into another one has left its own there. */
  readonly value: object;
  /** Which walk. */
  readonly of: object;
  readonly kind: Kind;
  /** That of its kind. */
  readonly leaf: Kind["leaf"];
  /** Nonzero: the setup has made it, and this is its number. */
  readonly ord: number;
  /** What a write to it is a write to, too. */
  owner: Info | null = null;
  /** What it holds; null: that was written to. */
  content: Content<Info> | null = null;
  /** The walk that came to it last, and the number that it gave. */
  walk = 0;
  seen = 0;
  /** A step has written to it, ever. */
  dirty = false;
  /** It is dirty, or leads to something that is. */
  live = false;
  /** Its place among those that are dirty. */
  place = 0;
  /** Those of the objects that it led to after the setup that are live. */
  liveLeads: readonly Info[] = NOBODY;
  /** What it held after the setup, and the hash of that. */
  base: Content<Info> | null = null;
  a = 0;
  b = 0;

  /** Nothing is known of it yet. */
  constructor(value: object, of: object, kind: Kind, ord: number) {
    this.value = value;
    this.of = of;
    this.kind = kind;
    this.leaf = kind.leaf;
    this.ord = ord;
  }
}

const NOBODY: readonly Info[] = [];

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
  const info = new Info(value, of, kind, ord);
  (value as Holder)[INFO] = info;
  return info;
}
