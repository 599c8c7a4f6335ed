import {
  type DmaFence,
  type DmaResv,
  type DrmGpuvm,
  type DrmGpuvmBo,
  USAGE_BOOKKEEP,
  type WwTicket,
} from "@gpuvm/core";
import { capturesOf } from "@gpuvm/core/undo";
import { isTime } from "../engine/numbers.ts";
import { Cache } from "./cache.ts";
import type { Content, Rare } from "./content.ts";
import { Hash } from "./hash.ts";
import { type Info, infoOf, makeInfo } from "./info.ts";
import { Reader } from "./reader.ts";
import { Rows } from "./rows.ts";

/** Numbers of the setup's objects begin here, those of others behind them. */
const FIRST_ORD = 0x1000;
const FIRST_NEW = 0x10000;

/**
 * A walk over all that a run's future depends on. Objects are numbered in the order in which the walk comes to them, so states
 * that differ only in who was made first are one. What the setup has made is numbered once; of it only that is hashed
 * again which a step has written to, and what leads there. Without {@link Walk.plan} every walk is a new one, which reads everything.
 */
export class Walk {
  /** Reads what is handed in, and what is come to. */
  readonly reader: Reader = new Reader();
  readonly #hash = new Hash();
  readonly #cache: Cache = new Cache(this);
  #planned = false;
  /** What led where after the setup. */
  #leads: ReadonlyMap<Info, readonly Info[]> = new Map();
  /** While the setup's objects are numbered: those that have a number. */
  #making: Info[] | null = null;
  /** Objects of the setup, in their order. */
  readonly #setup: Info[] = [];
  /** Sum over all objects. */
  #sumA = 0;
  #sumB = 0;
  #now = 0;
  #walks = 0;
  #numbered = 0;
  /** What is come to and was made since the setup: what is known of it, or itself where nothing is remembered. */
  readonly #queue: Info[] = [];
  readonly #fresh: object[] = [];
  readonly #numbers = new Map<object, number>();
  readonly #timelines = new Map<number, number>();
  readonly #tickets: WwTicket[] = [];
  readonly #oldTimelines = new Map<number, number>();
  readonly #rows = new Rows();
  /** Objects of the setup that were ever written to, by number, and which of them are waiting. */
  #dirty: Info[] = [];
  #waiting = new Uint8Array(0);
  #waits = 0;
  #lowest = 0;

  /** The setup is done: what `roots` hands in leads to all that it made. */
  plan(roots: (reader: Reader) => void, now: number): void {
    this.#planned = true;
    this.#begin(now);
    this.#rows.begin(true);
    const { reader } = this;
    reader.begin();
    roots(reader);
    const queue: Info[] = [];
    const leads = new Map<Info, readonly Info[]>();
    this.#making = queue;
    const content = this.#known(reader.end(0));
    for (let i = 0; i < queue.length; i++) {
      const info = queue[i] as Info;
      info.base = this.#contentOf(info);
      // Its numbers are others in each state.
      if (info.base.rare !== null) info.dirty = true;
      leads.set(info, [...info.base.refs, ...this.#fencesOf(info.base)]);
    }
    this.#making = null;
    for (const info of queue) {
      this.#resolve(info.base as Content<Info>, info.ord);
      info.a = this.#hash.a;
      info.b = this.#hash.b;
    }
    this.#resolve(content, 0);
    for (const [context, number] of this.#timelines) this.#oldTimelines.set(context, number);
    this.#rows.plan();
    this.#leads = leads;
    this.#revive();
  }

  /** The log is as long as this. */
  logged(to: number): void {
    if (this.#planned && this.#cache.scan(to)) this.#revive();
  }

  /** The log was taken back to here. */
  back(to: number): void {
    this.#cache.back(to);
  }

  /** The state that `roots` hands in. */
  take(roots: (reader: Reader) => void, now: number): Hash {
    this.#begin(now);
    this.#rows.begin(false);
    const { reader } = this;
    reader.begin();
    roots(reader);
    const content = reader.end(0);
    if (this.#planned) this.#resolve(this.#known(content), 0);
    else this.#resolveAnew(content, 0);
    const hash = this.#hash;
    const { a, b } = hash;
    if (this.#planned) this.#go();
    else this.#goThrough();
    hash.a = a;
    hash.b = b;
    this.#rows.hash(hash);
    this.#ages();
    hash.int(this.#sumA);
    hash.int(this.#sumB);
    return hash;
  }

  #begin(now: number): void {
    this.#now = now;
    this.#walks++;
    this.#numbered = 0;
    this.#queue.length = 0;
    this.#fresh.length = 0;
    this.#numbers.clear();
    this.#timelines.clear();
    this.#tickets.length = 0;
    this.#sumA = 0;
    this.#sumB = 0;
  }

  /**
   * What was made since the setup comes first, in the order in which it is come to, then what the setup made, by its number:
   * so an object that nobody has written to yet in this state changes nothing by being looked at.
   */
  #go(): void {
    const queue = this.#queue;
    for (let i = 0; ; ) {
      if (i < queue.length) {
        const info = queue[i++] as Info;
        this.#resolve(this.#contentOf(info), info.seen + FIRST_NEW);
        this.#sum();
      } else if (this.#waits > 0) {
        let at = this.#lowest;
        while (this.#waiting[at] === 0) at++;
        this.#lowest = at + 1;
        this.#waiting[at] = 0;
        this.#waits--;
        const info = this.#dirty[at] as Info;
        const content = this.#contentOf(info);
        if (content === info.base && content.rare === null)
          for (const next of info.liveLeads) this.#visit(next);
        else {
          this.#resolve(content, info.ord);
          this.#sum();
          this.#sumA = (this.#sumA - info.a) | 0;
          this.#sumB = (this.#sumB - info.b) | 0;
        }
      } else return;
    }
  }

  #goThrough(): void {
    const { reader } = this;
    for (let i = 0; i < this.#fresh.length; i++) {
      const value = this.#fresh[i] as object;
      this.#resolveAnew(reader.read(value, reader.kindOf(value), 0), i + 1 + FIRST_NEW);
      this.#sum();
    }
  }

  #sum(): void {
    this.#sumA = (this.#sumA + this.#hash.a) | 0;
    this.#sumB = (this.#sumB + this.#hash.b) | 0;
  }

  /** What a content comes to in this state. */
  #resolve(content: Content<Info>, seed: number): void {
    const hash = this.#hash;
    const { refs, fixed, rare } = content;
    if (fixed !== null) {
      for (let i = 0; i < refs.length; i++) this.#visit(refs[i] as Info);
      hash.a = fixed.a;
      hash.b = fixed.b;
    } else {
      hash.a = content.a;
      hash.b = content.b;
      let same = rare === null;
      for (let i = 0; i < refs.length; i++) {
        const info = refs[i] as Info;
        if (info.ord === 0 || info.leaf !== null) same = false;
        hash.int(this.#numberOf(info));
      }
      if (same) content.fixed = { a: hash.a, b: hash.b };
    }
    hash.int(seed);
    if (rare !== null) this.#resolveRare(rare);
  }

  #resolveAnew({ a, b, refs, rare }: Content, seed: number): void {
    const hash = this.#hash;
    hash.a = a;
    hash.b = b;
    for (const value of refs) hash.int(this.#freshNumber(value));
    hash.int(seed);
    if (rare !== null) this.#resolveRare(rare);
  }

  #resolveRare({ numbers, timelines, tickets, vms, links, resvs, waits }: Rare): void {
    const hash = this.#hash;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] as number;
      if (isTime(number)) hash.num(number - this.#now);
      else hash.int(this.#rows.number(number));
    }
    for (let i = 0; i < timelines.length; i++) hash.int(this.#timeline(timelines[i] as number));
    for (let i = 0; i < tickets.length; i++) this.#tickets.push(tickets[i] as WwTicket);
    for (let i = 0; i < vms.length; i++) this.#rows.vm(vms[i] as DrmGpuvm);
    for (let i = 0; i < links.length; i++) this.#list(links[i] as DrmGpuvmBo);
    for (let i = 0; i < resvs.length; i++) this.#fences(resvs[i] as DmaResv);
    for (let i = 0; i < waits.length; i++) this.#awaited(waits[i] as readonly DmaFence[]);
  }

  #fencesOf({ rare }: Content<Info>): Info[] {
    if (rare === null) return [];
    const inResvs = rare.resvs.flatMap((resv) => resv.visible(USAGE_BOOKKEEP).map(({ fence }) => fence));
    return [...inResvs, ...rare.waits.flat()].map((fence) => this.#infoFor(fence));
  }

  /** Fences that are waited for, without those of which nothing more is to come. */
  #awaited(fences: readonly DmaFence[]): void {
    const hash = this.#hash;
    for (let i = 0; i < fences.length; i++) {
      const fence = fences[i] as DmaFence;
      if (!fence.signaled || fence.error !== 0) hash.int(this.#numberIn(fence));
    }
    hash.int(-1);
  }

  #numberIn(fence: DmaFence): number {
    return this.#planned ? this.#numberOf(this.#infoFor(fence)) : this.#freshNumber(fence);
  }

  #fences(resv: DmaResv): void {
    const hash = this.#hash;
    hash.int(resv.room);
    resv.each(USAGE_BOOKKEEP, (fence: DmaFence, usage: number) => {
      const number = this.#numberIn(fence);
      hash.int(usage);
      hash.int(number);
    });
  }

  #list(link: DrmGpuvmBo): void {
    const { vas } = link.vm;
    for (let va = link.vaHead; va !== 0; va = vas.next(va)) this.#hash.num(vas.addr(va));
  }

  /** Timelines are known by the order in which they are come to. */
  #timeline(context: number): number {
    let known = this.#oldTimelines.get(context) ?? this.#timelines.get(context);
    if (known === undefined) {
      known = this.#timelines.size + this.#oldTimelines.size + 1;
      this.#timelines.set(context, known);
    }
    return known;
  }

  #numberOf(info: Info): number {
    if (info.leaf !== null) {
      const same = info.leaf(info.value as never);
      if (same !== 0) return same;
    }
    if (info.ord > 0) {
      this.#visit(info);
      return info.ord;
    }
    if (info.walk !== this.#walks) {
      info.walk = this.#walks;
      info.seen = ++this.#numbered;
      this.#queue.push(info);
    }
    return info.seen;
  }

  #freshNumber(value: object): number {
    const same = this.reader.kindOf(value).leaf?.(value as never) ?? 0;
    if (same !== 0) return same;
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(value, number);
      this.#fresh.push(value);
    }
    return number;
  }

  #visit(info: Info): void {
    if (!info.live || info.walk === this.#walks) return;
    info.walk = this.#walks;
    if (!info.dirty) {
      // It is as the setup left it, and only leads on.
      const { liveLeads } = info;
      for (let i = 0; i < liveLeads.length; i++) this.#visit(liveLeads[i] as Info);
      return;
    }
    this.#waiting[info.place] = 1;
    this.#waits++;
    if (info.place < this.#lowest) this.#lowest = info.place;
  }

  #infoOf(value: object): Info | undefined {
    const info = infoOf(value);
    return info !== undefined && info.of === this && info.value === value ? info : undefined;
  }

  #contentOf(info: Info): Content<Info> {
    const known = this.#cache.get(info);
    if (known !== null) return known;
    const { value, kind } = info;
    const content = this.#known(this.reader.read(value, kind, this.#cache.era));
    if (kind.stores !== null) for (const store of kind.stores(value as never)) this.#belongs(store, info);
    this.#cache.put(info, content);
    return content;
  }

  /** A content that leads to what is known of objects, and not to these: they are of too many kinds to be asked each time. */
  #known(content: Content): Content<Info> {
    const { a, b, rare, era } = content;
    const refs: Info[] = [];
    for (const value of content.refs) refs.push(this.#infoFor(value));
    return { a, b, refs, fixed: null, rare, era };
  }

  #infoFor(value: object): Info {
    const known = this.#infoOf(value);
    if (known !== undefined) return known;
    const making = this.#making;
    const info = makeInfo(
      value,
      this,
      this.reader.kindOf(value),
      making === null ? 0 : FIRST_ORD + making.length,
    );
    if (making !== null) {
      info.dirty = capturesOf(value)?.mutable === true;
      making.push(info);
      this.#setup.push(info);
    }
    return info;
  }

  /** What is written to a private store of an object is written to the object. */
  #belongs(store: unknown, owner: Info): void {
    if (typeof store !== "object" || store === null || !Object.isExtensible(store)) return;
    const info = this.#infoOf(store) ?? makeInfo(store, this, this.reader.kindOf(store), 0);
    info.owner = owner;
    if (ArrayBuffer.isView(store)) return;
    for (const value of Array.isArray(store) ? (store as unknown[]) : Object.values(store)) {
      if (value instanceof Object && isStore(value)) this.#belongs(value, owner);
    }
  }

  /** Steps have written to more objects of the setup than before: who is live now. */
  #revive(): void {
    const leadersOf = new Map<Info, Info[]>();
    const todo: Info[] = [];
    for (const info of this.#setup) {
      info.live = info.dirty;
      if (info.dirty) todo.push(info);
      for (const to of this.#leads.get(info) ?? []) {
        const leaders = leadersOf.get(to);
        if (leaders === undefined) leadersOf.set(to, [info]);
        else leaders.push(info);
      }
    }
    for (let info = todo.pop(); info !== undefined; info = todo.pop()) {
      for (const leader of leadersOf.get(info) ?? []) {
        if (leader.live) continue;
        leader.live = true;
        todo.push(leader);
      }
    }
    this.#dirty = this.#setup.filter(({ dirty }) => dirty);
    for (const [place, info] of this.#dirty.entries()) info.place = place;
    for (const info of this.#setup)
      if (info.live) info.liveLeads = (this.#leads.get(info) ?? []).filter(({ live }) => live);
    this.#waiting = new Uint8Array(this.#dirty.length);
  }

  #ages(): void {
    const tickets = this.#tickets;
    let order = 1;
    for (let i = 0; i < tickets.length; i++) {
      for (let j = 0; j < i; j++) {
        const older = (tickets[j] as WwTicket).stamp < (tickets[i] as WwTicket).stamp;
        order = Math.imul(order, 3) + (older ? 1 : 2);
      }
    }
    this.#hash.int(order);
  }
}

function isStore(value: object): boolean {
  return value.constructor === Object || ArrayBuffer.isView(value) || Array.isArray(value);
}
