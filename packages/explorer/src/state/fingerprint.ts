import { written } from "@gpuvm/core/undo";
import type { Slot } from "../engine/slot.ts";
import type { World } from "../engine/world.ts";
import type { Hash } from "./hash.ts";
import { planOf } from "./plan.ts";
import { Walk } from "./walk.ts";

/**
 * The state of a run as 64 bits: all that decides what may happen from there. Every object that the driver, the files, the
 * scenario and the calls in progress can come to, with its fields; every mapping and every page-table run; the locals of every
 * call that has not returned, what functions have captured, what is queued and what is due. It takes transformed code, where
 * calls are objects and functions say what they capture.
 */
export class Fingerprint {
  readonly #walk: Walk = new Walk();
  /** How far the log was looked through for what was written to. */
  #scanned = 0;

  /** The setup of a run is done: from now on only what steps write to is hashed anew. */
  plan(world: World): void {
    this.#walk.begin(tasksOf(world), true);
    this.#roots(world, true);
    this.#walk.finish();
    this.#scanned = 0;
    this.#walk.revive();
  }

  /** The log was taken back to here: what is written from now on is new. */
  rewind(mark: number): void {
    if (this.#scanned > mark) this.#scanned = mark;
  }

  /** Takes the state of a run; with `where` false without the calls in progress: what the run has come to. `logged`: how long the log is. */
  take(world: World, where = true, logged = 0): Hash {
    if (logged > this.#scanned) this.#scan(logged);
    this.#walk.begin(tasksOf(world), false);
    this.#roots(world, where);
    return this.#walk.finish();
  }

  #scan(to: number): void {
    let news = false;
    written(this.#scanned, (target) => {
      if (target === null) return;
      const plan = planOf(target as object);
      if (plan === undefined || plan.dirty) return;
      plan.dirty = true;
      news = true;
    });
    this.#scanned = to;
    if (news) this.#walk.revive();
  }

  #roots(world: World, where: boolean): void {
    const walk = this.#walk;
    const { hash } = walk;
    const { slots, machine } = world;
    if (where) {
      for (const slot of slots) if (slot.actor !== null) this.#slot(slot);
      this.#workers(slots);
      for (const results of world.results) {
        hash.int(results.length);
        for (const result of results) walk.any(result);
      }
    }
    for (const [id, file] of world.files) {
      hash.int(id);
      walk.any(file);
    }
    walk.any(world.driver);
    walk.any(world.bag);
    hash.num(machine.now);
    for (const bo of machine.memory.objects) walk.any(bo);
    for (const record of machine.vms) if (!record.freed) walk.any(record);
    for (const job of machine.inUse) walk.any(job);
    for (const { at, fn } of machine.timers.list()) {
      hash.num(at);
      walk.any(fn);
    }
    hash.int(machine.timers.size);
  }

  #slot(slot: Slot): void {
    const walk = this.#walk;
    walk.hash.int(slot.begun);
    if (slot.thread !== null) walk.any(slot.thread);
  }

  /** Workers come to be in different orders: they are known by their names. */
  #workers(slots: readonly Slot[]): void {
    const walk = this.#walk;
    const busy = slots.filter((slot) => slot.actor === null && !slot.idle);
    busy.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const slot of busy) {
      walk.name(slot.name);
      walk.any(slot.thread);
      walk.hash.int(slot.queue.length);
      for (const { start } of slot.queue) walk.any(start);
    }
  }
}

/** Locks are held by tasks: actors by place, workers by name. */
function tasksOf({ slots }: World): Slot["task"][] {
  const workers = slots.filter((slot) => slot.actor === null);
  workers.sort((one, other) => (one.name < other.name ? -1 : 1));
  return [...slots.filter((slot) => slot.actor !== null), ...workers].map((slot) => slot.task);
}
