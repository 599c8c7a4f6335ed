import { type Point, Task, type TaskContext } from "@gpuvm/core";
import type { Thread, Work } from "@gpuvm/drm-model";
import type { Actor } from "../scenario/scenario.ts";

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
  /** What its call stopped for; null: it is not under way. */
  waits: Pick<Point, "lock" | "fence" | "until"> | null = null;
  /** Where its call stopped: the kernel function; empty: it is not under way. */
  stop = "";

  /** An actor or worker that has not begun. */
  constructor(name: string, actor: Actor | null, context: TaskContext) {
    this.name = name;
    this.actor = actor;
    this.context = context;
    this.task = new Task(name, context);
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
