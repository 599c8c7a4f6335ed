import type { DmaFence, Steps } from "@gpuvm/core";
import { type Machine, Work } from "@gpuvm/drm-model";

/** An invalidation of one GT's TLB (`struct xe_tlb_inval_job`). */
export interface TlbInvalJob {
  /** The entries are written. */
  readonly after: DmaFence;
  /** Asks the GT, signals, and gives back what the job held. */
  readonly run: () => void;
}

/** The invalidations of one queue for one GT, in order (`struct xe_dep_scheduler`). */
export class TlbInvalQueue {
  /** The machine. */
  readonly machine: Machine;
  /** Not yet done, oldest first. */
  readonly jobs: TlbInvalJob[] = [];
  /** A worker has the first one. */
  running = false;
  readonly #item = new Work("xe tlb inval job", () => this.#runFirst());

  /** An empty queue. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Queues a job (`xe_tlb_inval_job_push`). */
  push(job: TlbInvalJob): void {
    this.jobs.push(job);
    this.#kick();
  }

  /** Begins the first job if it can. */
  #kick(): void {
    const [job] = this.jobs;
    if (this.running || job === undefined) return;
    if (!job.after.signaled) {
      job.after.onSignal(() => this.#kick());
      return;
    }
    this.running = true;
    this.machine.queue(this.#item);
  }

  /** The first is done, and the next one's turn. */
  *#runFirst(): Steps<void> {
    this.jobs.shift()?.run();
    this.running = false;
    this.#kick();
  }
}
