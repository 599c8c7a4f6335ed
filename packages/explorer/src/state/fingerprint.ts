import { mark, undo } from "@gpuvm/core/undo";
import type { Slot } from "../engine/slot.ts";
import type { World } from "../engine/world.ts";
import type { Hash } from "./hash.ts";
import type { Reader } from "./reader.ts";
import { Walk } from "./walk.ts";

/**
 * The state of a run as 64 bits: all that decides what may happen from there. Every object that the driver, the files, the
 * scenario and the calls in progress can come to, with its fields; every mapping and every page-table run; the locals of every
 * call that has not returned, what functions have captured, what is queued and what is due. It takes transformed code, where
 * calls are objects and functions say what they capture.
 */
export class Fingerprint {
  readonly #walk: Walk = new Walk();
  readonly #answers: boolean;

  /** With `answers`, what calls returned is part of the state: somebody asks for it. */
  constructor(answers = true) {
    this.#answers = answers;
  }

  /** The setup of a run is done: from now on only what steps write to is read again. */
  plan(world: World): void {
    const start = mark();
    this.#walk.plan((reader) => roots(reader, world, true, this.#answers), world.machine.now);
    undo(start);
  }

  /** Takes back what was written since a mark, and knows of it. */
  back(to: number): void {
    undo(to);
    this.#walk.back(to);
  }

  /** Takes the state of a run; with `where` false without the calls in progress: what the run has come to. */
  take(world: World, where = true): Hash {
    const to = mark();
    this.#walk.logged(to);
    const hash = this.#walk.take((reader) => roots(reader, world, where, this.#answers), world.machine.now);
    // To look is to search trees, and these know where the last search has ended.
    undo(to);
    return hash;
  }
}

function roots(reader: Reader, world: World, where: boolean, answers: boolean): void {
  const { hash } = reader;
  const { slots, machine } = world;
  if (where) {
    for (const slot of slots) {
      if (slot.actor === null) continue;
      hash.int(slot.begun);
      if (slot.thread !== null) reader.any(slot.thread);
      // A scenario's call may wait for what is counted, and counts are no part of the state.
      if (slot.waits?.until != null) hash.int(slot.ready() ? 1 : 0);
    }
    workers(reader, slots);
    if (answers) for (const results of world.returned) for (const result of results) reader.any(result);
  }
  for (const [id, file] of world.files) {
    hash.int(id);
    reader.any(file);
  }
  reader.any(world.driver);
  reader.any(world.bag);
  for (const bo of machine.memory.objects) reader.any(bo);
  for (const record of machine.vms) if (!record.freed) reader.any(record);
  for (const job of machine.inUse) reader.any(job);
  for (const { at, fn } of machine.timers.list()) {
    reader.any(at);
    reader.any(fn);
  }
  hash.int(machine.timers.size);
}

/** Workers come to be in different orders: they are known by their names. */
function workers(reader: Reader, slots: readonly Slot[]): void {
  const busy = slots.filter((slot) => slot.actor === null && !slot.idle);
  busy.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const slot of busy) {
    reader.name(slot.name);
    reader.any(slot.thread);
    reader.hash.int(slot.queue.length);
    for (const { start } of slot.queue) reader.any(start);
  }
}
