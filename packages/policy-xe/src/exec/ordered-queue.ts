import type { Steps } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";

/** Work that is done in the order in which it was queued, one after the other (`alloc_ordered_workqueue`). */
export class OrderedQueue {
  /** The machine. */
  readonly machine: Machine;
  /** Shown in findings. */
  readonly label: string;
  /** Not yet begun. */
  readonly works: (() => Steps<void>)[] = [];
  /** A worker has one of them. */
  running = false;

  /** Nothing queued. */
  constructor(machine: Machine, label: string) {
    this.machine = machine;
    this.label = label;
  }

  /** `queue_work`. */
  queue(work: () => Steps<void>): void {
    this.works.push(work);
    this.#kick();
  }

  #kick(): void {
    if (this.running || this.works.length === 0) return;
    this.running = true;
    this.machine.queueWork(this.label, () => this.#next());
  }

  *#next(): Steps<void> {
    const work = this.works.shift();
    if (work !== undefined) yield* work();
    this.running = false;
    this.#kick();
  }
}
