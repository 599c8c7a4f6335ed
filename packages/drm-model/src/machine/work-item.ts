import type { Steps, TaskContext } from "@gpuvm/core";
import type { Machine } from "./machine.ts";
import type { Timer } from "./timers.ts";
import { Work } from "./work.ts";

/** Work that is queued at most once at a time (`struct work_struct`). */
export class WorkItem {
  /** It is queued, and has not begun. */
  queued = false;
  /** It runs. */
  running = false;
  readonly machine: Machine;
  readonly label: string;
  /** What it does. */
  readonly work: () => Steps<void>;
  readonly context: TaskContext;
  readonly #item: Work;

  /** Not queued. */
  constructor(machine: Machine, label: string, work: () => Steps<void>, context: TaskContext = "process") {
    this.machine = machine;
    this.label = label;
    this.work = work;
    this.context = context;
    this.#item = new Work(label, () => this.#run(), context);
  }

  /** Queues it (`queue_work`). @returns false if it was queued */
  queue(): boolean {
    if (this.queued) return false;
    this.queued = true;
    this.machine.queue(this.#item);
    return true;
  }

  /** Takes it back, if it has not begun (`cancel_work`). @returns whether it was queued */
  cancel(): boolean {
    const { queued } = this;
    this.queued = false;
    return queued;
  }

  /** Waits until it has run, if it is queued or runs (`flush_work`). */
  *flush(label: string): Steps<void> {
    const { dev } = this.machine;
    if (dev.waitsUntil(() => !this.queued && !this.running, label)) yield dev.point;
  }

  *#run(): Steps<void> {
    // Taken back meanwhile.
    if (!this.queued) return;
    this.queued = false;
    this.running = true;
    yield* this.work();
    this.running = false;
  }
}

/** Work that is queued when some time has passed (`struct delayed_work`). */
export class DelayedWork {
  /** What is queued then. */
  readonly item: WorkItem;
  /** A timer runs. */
  timed = false;
  // When, says the machine's list.
  #timer: Timer | null = null;

  /** Not queued, no timer. */
  constructor(item: WorkItem) {
    this.item = item;
  }

  /** Whether it is queued, or a timer runs (`delayed_work_pending`). */
  get pending(): boolean {
    return this.timed || this.item.queued;
  }

  /** Queues it in `ns` nanoseconds, whatever was before (`mod_delayed_work`). */
  modify(ns: number): void {
    this.cancel();
    const { machine } = this.item;
    if (ns <= 0) {
      this.item.queue();
      return;
    }
    this.timed = true;
    this.#timer = machine.timers.add(machine.timerIn(ns), () => {
      this.timed = false;
      this.#timer = null;
      this.item.queue();
    });
  }

  /** Takes it back, if it has not begun (`cancel_delayed_work`). @returns whether there was something to take back */
  cancel(): boolean {
    const { pending } = this;
    if (this.#timer !== null) this.item.machine.timers.cancel(this.#timer);
    this.#timer = null;
    this.timed = false;
    this.item.cancel();
    return pending;
  }
}
