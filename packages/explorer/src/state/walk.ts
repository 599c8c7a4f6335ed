import type { DrmGpuvm, Task, WwTicket } from "@gpuvm/core";
import { capturesOf } from "@gpuvm/core/undo";
import { FIRST_VA } from "../engine/world.ts";
import { Hash, hashString } from "./hash.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { type Plan, planOf, seenOf, setPlan, setSeen } from "./plan.ts";
import { ROWS, Rows } from "./rows.ts";

/** The last number given to any object, by whichever walk. */
let last = 0;

/**
 * A walk over all that a run's future depends on. Objects are numbered in the order in which the walk comes to them, so states
 * that differ only in who was made first are one. What the setup has made is numbered once; of it only that is hashed
 * again which a step has written to, and what leads there.
 */
export class Walk {
  /** The object at hand. */
  readonly hash: Hash = new Hash();
  /** Objects of the setup, in their order. */
  readonly plans: Plan[] = [];
  /** Sum over all objects. */
  #sumA = 0;
  #sumB = 0;
  #base = 0;
  #walks = 0;
  readonly #queue: object[] = [];
  readonly #kinds = new Map<unknown, Kind>();
  readonly #owners = new Map<Task, number>();
  readonly #timelines = new Map<number, number>();
  readonly #tickets: WwTicket[] = [];
  readonly #oldTimelines = new Map<number, number>();
  readonly #rows = new Rows();
  /** Objects of the setup that are live, by number, and which of them are waiting. */
  #live: Plan[] = [];
  #waiting = new Uint8Array(0);
  #waits = 0;
  #lowest = 0;
  #leads: object[] | null = null;
  #planning = false;

  /** Begins; `tasks` are known by their places. */
  begin(tasks: readonly Task[], planning: boolean): void {
    this.#planning = planning;
    this.#base = last;
    this.#walks++;
    this.#queue.length = 0;
    this.#timelines.clear();
    this.#tickets.length = 0;
    this.#rows.begin(planning);
    this.#sumA = 0;
    this.#sumB = 0;
    this.#owners.clear();
    for (const [i, task] of tasks.entries()) this.#owners.set(task, i + 1);
    this.hash.reset();
  }

  /** Goes through everything that was come to. What is in `hash` comes first. */
  finish(): Hash {
    const { hash } = this;
    const { a, b } = hash;
    if (this.#planning) this.#settleAll();
    else this.#go();
    hash.a = a;
    hash.b = b;
    if (!this.#planning) this.#rows.hash(hash);
    this.#ages();
    hash.int(this.#sumA);
    hash.int(this.#sumB);
    return hash;
  }

  /**
   * What was made since the setup comes first, in the order in which it is come to, then what the setup made, by its number:
   * so an object that nobody has written to yet in this state changes nothing by being looked at.
   */
  #go(): void {
    const queue = this.#queue;
    for (let i = 0; ; ) {
      if (i < queue.length) {
        const value = queue[i++] as object;
        this.#add(value, this.#kindOf(value), (seenOf(value) as number) - this.#base + 0x10000);
      } else if (this.#waits > 0) {
        let at = this.#lowest;
        while (this.#waiting[at] === 0) at++;
        this.#lowest = at + 1;
        this.#waiting[at] = 0;
        this.#waits--;
        const plan = this.#live[at] as Plan;
        if (plan.dirty) this.#difference(plan.value, plan);
        else for (const next of plan.liveLeads) this.#visit(planOf(next) as Plan);
      } else return;
    }
  }

  #settleAll(): void {
    const queue = this.#queue;
    for (const value of queue) this.#settle(value, planOf(value) as Plan);
    for (const [context, number] of this.#timelines) this.#oldTimelines.set(context, number);
    this.#rows.plan();
  }

  /** Steps have written to more objects of the setup than before: who is live now. */
  revive(): void {
    const leadersOf = new Map<Plan, Plan[]>();
    const todo: Plan[] = [];
    for (const plan of this.plans) {
      plan.live = plan.dirty;
      if (plan.dirty) todo.push(plan);
      for (const value of plan.leads) {
        const to = planOf(value) as Plan;
        const leaders = leadersOf.get(to);
        if (leaders === undefined) leadersOf.set(to, [plan]);
        else leaders.push(plan);
      }
    }
    for (let plan = todo.pop(); plan !== undefined; plan = todo.pop()) {
      for (const leader of leadersOf.get(plan) ?? []) {
        if (leader.live) continue;
        leader.live = true;
        todo.push(leader);
      }
    }
    this.#live = this.plans.filter((plan) => plan.live);
    for (const [place, plan] of this.#live.entries()) {
      plan.place = place;
      plan.liveLeads = plan.leads.filter((value) => planOf(value)?.live === true);
    }
    this.#waiting = new Uint8Array(this.#live.length);
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
        this.#function(value);
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

  /** Who holds a lock. */
  task(task: Task | null): void {
    this.hash.int(task === null ? 0 : (this.#owners.get(task) ?? -1));
  }

  /** A place on a timeline; timelines are known by the order in which they are come to. */
  timeline(context: number, seqno: number): void {
    let known = this.#oldTimelines.get(context) ?? this.#timelines.get(context);
    if (known === undefined) {
      known = this.#timelines.size + this.#oldTimelines.size + 1;
      this.#timelines.set(context, known);
    }
    this.hash.int(known);
    this.hash.num(seqno);
  }

  /** A ticket: only which of two is older counts. */
  ticket(ticket: WwTicket): void {
    this.#tickets.push(ticket);
  }

  /** A VM that was hashed. */
  vm(vm: DrmGpuvm): void {
    this.#rows.vm(vm);
  }

  #number(value: number): void {
    const { hash } = this;
    if (value >= FIRST_VA && value < FIRST_VA + ROWS && Number.isInteger(value))
      hash.int(this.#rows.number(value));
    else if (Number.isFinite(value)) hash.num(value);
    else hash.int(value > 0 ? 13 : value < 0 ? 17 : 19);
  }

  #function(value: object): void {
    if (capturesOf(value) === undefined) this.hash.int(11);
    else this.#object(value);
  }

  #object(value: object): void {
    const { hash } = this;
    const plan = planOf(value);
    if (plan !== undefined && plan.of === this) {
      hash.int(plan.ord);
      if (this.#planning) this.#leads?.push(value);
      else this.#visit(plan);
      return;
    }
    if (!Object.isExtensible(value)) {
      // It cannot be marked, and does not change: it is written out on the spot.
      this.#kindOf(value).hash(this, value as never);
      return;
    }
    if (this.#planning) {
      this.#plan(value);
      return;
    }
    const seen = seenOf(value);
    if (seen !== undefined && seen > this.#base) {
      hash.int(seen - this.#base);
      return;
    }
    setSeen(value, ++last);
    hash.int(last - this.#base);
    this.#queue.push(value);
  }

  #visit(plan: Plan): void {
    if (!plan.live || plan.walk === this.#walks) return;
    plan.walk = this.#walks;
    this.#waiting[plan.place] = 1;
    this.#waits++;
    if (plan.place < this.#lowest) this.#lowest = plan.place;
  }

  #plan(value: object): void {
    const kind = this.#kindOf(value);
    const plan: Plan = {
      of: this,
      value,
      ord: this.plans.length + 0x1000,
      kind,
      leads: [],
      liveLeads: [],
      dirty: kind.always?.(value as never) === true || capturesOf(value)?.mutable === true,
      live: false,
      place: 0,
      a: 0,
      b: 0,
      walk: 0,
    };
    setPlan(value, plan);
    this.plans.push(plan);
    for (const store of kind.stores?.(value as never) ?? []) this.#belongs(store, plan);
    this.hash.int(plan.ord);
    this.#leads?.push(value);
    this.#queue.push(value);
  }

  /** What is written to a private store of an object is written to the object. */
  #belongs(store: unknown, plan: Plan): void {
    if (typeof store !== "object" || store === null || !Object.isExtensible(store)) return;
    if (planOf(store)?.of === this) return;
    setPlan(store, plan);
    const inner = Array.isArray(store) ? store : ArrayBuffer.isView(store) ? [] : Object.values(store);
    for (const value of inner) {
      const plain =
        value instanceof Object &&
        (value.constructor === Object || ArrayBuffer.isView(value) || Array.isArray(value));
      if (plain) this.#belongs(value, plan);
    }
  }

  #settle(value: object, plan: Plan): void {
    this.#leads = plan.leads;
    this.#content(value, plan.kind, plan.ord);
    this.#leads = null;
    plan.a = this.hash.a;
    plan.b = this.hash.b;
  }

  #difference(value: object, plan: Plan): void {
    this.#content(value, plan.kind, plan.ord);
    this.#sumA = (this.#sumA + this.hash.a - plan.a) | 0;
    this.#sumB = (this.#sumB + this.hash.b - plan.b) | 0;
  }

  #add(value: object, kind: Kind, seed: number): void {
    this.#content(value, kind, seed);
    this.#sumA = (this.#sumA + this.hash.a) | 0;
    this.#sumB = (this.#sumB + this.hash.b) | 0;
  }

  #content(value: object, kind: Kind, seed: number): void {
    const { hash } = this;
    hash.a = seed ^ 0x5bd1e995;
    hash.b = Math.imul(seed, 0x9e3779b1);
    kind.hash(this, value as never);
    const captured = capturesOf(value);
    if (captured === undefined) return;
    hash.int(captured.site);
    for (const variable of captured.values()) this.any(variable);
  }

  #kindOf(value: object): Kind {
    const maker = value.constructor;
    let kind = this.#kinds.get(maker);
    if (kind === undefined) {
      kind = kindOf(value);
      this.#kinds.set(maker, kind);
    }
    return kind;
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
    this.hash.int(order);
  }
}
