import { Fifo } from "./fifo.ts";
import type { Work } from "./work.ts";

/** Work not yet begun, oldest first. */
export class WorkQueue extends Fifo<Work> {
  /** The kind of workqueue whose turn it is; null: the next that has work. */
  #system: boolean | null = null;

  /** Takes the next off: of the kind whose turn it is, if there is any. */
  take(): Work | undefined {
    const work = this.length < 2 ? this.shift() : this.takeAt(this.#place());
    this.#system = work === undefined ? null : work.system;
    return work;
  }

  /** Puts work of a worker with a real-time priority before all that has none. */
  pushUrgent(work: Work): void {
    const at = this.findIndex(({ urgent }) => !urgent);
    if (at < 0) this.push(work);
    else this.insert(at, work);
  }

  #place(): number {
    return Math.max(
      this.findIndex(({ system, urgent }) => urgent || system === this.#system),
      0,
    );
  }
}
