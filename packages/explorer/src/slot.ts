import { type Point, Task, type TaskContext } from "@gpuvm/core";
import type { Thread, Work } from "@gpuvm/drm-model";
import { hashString } from "./hash.ts";
import type { Actor } from "./scenario.ts";

/**
 * Who can go on: an actor of the scenario, or a worker of the kernel. Works of one label are done in order, one at a
 * time, as an ordered workqueue does them; each label is a worker of its own.
 */
export class Slot {
  /** Column title. */
  readonly name: string;
  /** The actor, or null for a worker. */
  readonly actor: Actor | null;
  /** Rules that apply. */
  readonly context: TaskContext;
  /** Runs the actor's calls. Workers have one task for each work. */
  task: Task;
  /** Calls begun. */
  begun = 0;
  /** The call in progress. */
  thread: Thread | null = null;
  /** Work not yet begun. */
  readonly queue: Work[] = [];
  /**
   * Where it stands: the stops of the call in progress and the results of the calls before, hashed. It stands for the
   * local variables of the call, which nobody can see.
   */
  path = 0;
  /** What the next thing that its call puts off is known by: which call it is of whom, and how much that put off before. */
  origin = 0;
  /** Tickets of the wound/wait class that its call has. */
  tickets = 0;
  /** When it last took one, among all; 0: it did not. Of two tickets the older one wins. */
  stamp = 0;
  /** What its call stopped for; null: it is not under way. */
  waits: Pick<Point, "lock" | "fence" | "until"> | null = null;
  /** {@link Slot.path} when the call in progress began. */
  before = 0;

  /** An actor or worker that has not begun. */
  constructor(name: string, actor: Actor | null, context: TaskContext) {
    this.name = name;
    this.actor = actor;
    this.context = context;
    this.task = new Task(name, context);
    // Two actors that do the same are two all the same.
    this.path = actor === null ? 0 : hashString(name);
  }

  /** Whether it can take a step now. */
  ready(): boolean {
    if (this.thread !== null) return this.thread.ready();
    return this.actor === null ? this.queue.length > 0 : this.begun < this.actor.calls.length;
  }

  /** Whether it has nothing left to do. */
  get idle(): boolean {
    if (this.thread !== null) return false;
    return this.actor === null ? this.queue.length === 0 : this.begun === this.actor.calls.length;
  }

  /** The label of the call in progress, or of the next one. */
  get doing(): string {
    if (this.actor === null) return this.name;
    return this.actor.calls[this.thread === null ? this.begun : this.begun - 1]?.label ?? "done";
  }
}
