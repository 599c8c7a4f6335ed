import {
  DmaFence,
  type DmaResv,
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Task,
  type WwTicket,
} from "@gpuvm/core";
import { capturesOf } from "@gpuvm/core/undo";
import { isRow, isTime } from "../engine/numbers.ts";
import { type Content, Rare } from "./content.ts";
import { Hash, hashString } from "./hash.ts";
import type { Kind, Reading } from "./kind.ts";
import { kindOf } from "./kinds.ts";

/** Stands for an object: which one it is in this state comes later. */
const OBJECT = 0x2f0b4c47;
/** Stands for what is rare. */
const RARE = 0x51ed2701;

/** Reads what objects hold. */
export class Reader implements Reading {
  /** What stands by itself of the object at hand. */
  readonly hash: Hash = new Hash();
  #refs: object[] = [];
  #rare: Rare | null = null;
  readonly #kinds = new Map<unknown, Kind>();

  /** An object begins, or something that is no object. */
  begin(): void {
    const { hash } = this;
    hash.reset();
    this.#refs = [];
    this.#rare = null;
  }

  /** What was read. */
  end(era: number): Content {
    const { a, b } = this.hash;
    return { a, b, refs: this.#refs, fixed: null, rare: this.#rare, era };
  }

  /** What an object holds; `era`: that of captured variables. */
  read(value: object, kind: Kind, era: number): Content {
    this.begin();
    kind.hash(this, value as never);
    const captured = capturesOf(value);
    if (captured !== undefined) {
      this.hash.int(captured.site);
      for (const variable of captured.values()) this.any(variable);
    }
    return this.end(kind.captures || captured?.mutable === true ? era : 0);
  }

  /** What to read in an object. */
  kindOf(value: object): Kind {
    const maker = value.constructor;
    let kind = this.#kinds.get(maker);
    if (kind === undefined) {
      kind = kindOf(value);
      this.#kinds.set(maker, kind);
    }
    return kind;
  }

  /** Any value: a field, an element, a local. */
  any(value: unknown): void {
    const { hash } = this;
    switch (typeof value) {
      case "number":
        this.#number(value);
        return;
      case "boolean":
        hash.int(value ? 3 : 5);
        return;
      case "string":
        this.name(value);
        return;
      case "object":
        if (value === null) hash.int(7);
        else this.#object(value);
        return;
      case "function":
        if (capturesOf(value) === undefined) hash.int(11);
        else this.#object(value);
        return;
      case "bigint":
        hash.int(hashString(String(value)));
        return;
      default:
        hash.int(11);
    }
  }

  /** A string; serial numbers in names (`bo#3`) are left out. */
  name(text: string): void {
    this.hash.int(hashString(text.includes("#") ? text.replace(/#\d+/g, "#") : text));
  }

  /** Who holds a lock: actors and workers are known by their names. */
  task(task: Task | null): void {
    if (task === null) this.hash.int(0);
    else this.name(task.name);
  }

  /** A place on a timeline. */
  timeline(context: number, seqno: number): void {
    this.#rarely().add("timelines", context);
    this.hash.num(seqno);
  }

  /** A ticket: only which of two is older counts. */
  ticket(ticket: WwTicket): void {
    this.#rarely().add("tickets", ticket);
  }

  /** A VM whose rows were read. */
  vm(vm: DrmGpuvm): void {
    this.#rarely().add("vms", vm);
  }

  /** A link, for its list of mappings. */
  link(link: DrmGpuvmBo): void {
    this.#rarely().add("links", link);
  }

  /** A dma_resv, for its fences. */
  resv(resv: DmaResv): void {
    this.#rarely().add("resvs", resv);
  }

  /** What is waited for: of fences, those that have not signalled. */
  waits(value: unknown): void {
    const isList = Array.isArray(value) && value.every((fence) => fence instanceof DmaFence);
    if (isList) this.#rarely().add("waits", value);
    else this.any(value);
  }

  #rarely(): Rare {
    this.hash.int(RARE);
    this.#rare ??= new Rare();
    return this.#rare;
  }

  #number(value: number): void {
    const { hash } = this;
    if (isRow(value) || isTime(value)) this.#rarely().add("numbers", value);
    else if (Number.isFinite(value)) hash.num(value);
    else hash.int(value > 0 ? 13 : value < 0 ? 17 : 19);
  }

  #object(value: object): void {
    if (Object.isExtensible(value)) {
      this.hash.int(OBJECT);
      this.#refs.push(value);
    }
    // It cannot be marked, and does not change: it is written out on the spot.
    else this.kindOf(value).hash(this, value as never);
  }
}
