import { type DmaFence, ECANCELED, type Steps } from "@gpuvm/core";
import { type InUse, type Machine, Work } from "@gpuvm/drm-model";
import type { XeEntity } from "./entity.ts";

/** A job, from its submission to its retirement (`struct xe_sched_job`). */
export interface RingJob {
  /** Signals when it is done, or was given up. */
  readonly fence: DmaFence;
  /** Whose job it is: those of one queue end in order; absent: the driver's own. */
  readonly queue?: object;
  /** What it uses, on a machine that watches. */
  readonly uses: InUse | undefined;
  /** Long-running: it never ends by itself, and its fence is nobody's. */
  readonly endless: boolean;
  /** Its fence signals: whoever waits goes on, whether or not the GPU has left it (`xe_sched_job_set_error`). */
  signal(error?: number): void;
  /** Its queue was killed: it is not begun, and ends with an error. */
  killed(): boolean;
  /** It begins (`emit_job`). */
  begins(): void;
  /** Its end was seen, in process context. */
  retire(): void;
  /** It took too long (`guc_exec_queue_timedout_job`); absent: it never does. */
  timesOut?(): void;
}

/** How long a job may take (`job_timeout_ms` of its engine class): 5 s. */
const JOB_TIMEOUT_NS = 5e9;

/** Default modelled time of one job: 10 ms. */
const JOB_NS = 10_000_000;

/** One engine: jobs of any queue run one after the other, in the order in which they became ready. A queue's own keep theirs. */
export class XeRing {
  /** The machine. */
  readonly machine: Machine;
  /** When what is queued now will be done. */
  busyUntil = 0;
  /** Jobs that were given to it, whose end nobody has seen (`drm_sched.pending_list`). */
  readonly live: Set<RingJob> = new Set();
  /** The next job does not end. */
  #hangs = false;
  /** The job that does not end. */
  #hung: RingJob | null = null;
  /** Jobs behind it, in order; and those that became ready while these wait to go on. */
  readonly #behind: RingJob[] = [];
  /** It is off the engine, and these go on when the workers have done their part. */
  #goesOn = false;
  /** Jobs that wait until a page fault is answered, and which of them, and behind them in their queue, would be done by now. */
  readonly #faulted: Map<RingJob, RingJob[]> = new Map();

  /** Jobs whose end is to be seen, oldest first, each by a work of its own. */
  readonly #ended: RingJob[] = [];
  readonly #retire = new Work("xe ring retire", () => this.#retireNext());

  /** An idle engine. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Queues a job behind those of its entity, and what it waits for. */
  submit(job: RingJob, entity: XeEntity<RingJob>, after: readonly DmaFence[]): void {
    entity.push(job, after, (first) => this.#run(first));
  }

  /** The next job never ends, nor does what is behind it, until its queue is taken off the engine. */
  hang(): void {
    this.#hangs = true;
  }

  /** A job waits, for a page fault is to be answered. @returns false if it waits for one */
  faults(job: RingJob): boolean {
    if (this.#faulted.has(job)) return false;
    this.#faulted.set(job, []);
    return true;
  }

  /** It goes on. */
  faultAnswered(job: RingJob): void {
    const due = this.#faulted.get(job) ?? [];
    this.#faulted.delete(job);
    for (const next of due) this.#itsTimeIsOver(next);
  }

  /** A job's end: by itself, or because its queue is no more. One that was not given to the engine yet has none. */
  finish(job: RingJob, error: number): void {
    if (!this.live.delete(job)) return;
    if (this.#faulted.size > 0) this.#faulted.delete(job);
    job.uses?.stops();
    if (job === this.#hung) this.#goOn();
    job.signal(error);
    this.#ended.push(job);
    this.machine.queue(this.#retire);
  }

  *#retireNext(): Steps<void> {
    this.#ended.shift()?.retire();
  }

  /** `guc_exec_queue_run_job`. */
  #run(job: RingJob): void {
    const { machine } = this;
    this.live.add(job);
    if (job.killed()) {
      machine.queueWork("xe timedout_job", () => this.#giveUp(job));
      return;
    }
    // The ring flushes the TLB ahead of the batch.
    job.begins();
    job.uses?.starts();
    if (job.endless) return;
    this.#takesItsTime(job);
  }

  #takesItsTime(job: RingJob): void {
    const { machine } = this;
    if (this.#hung !== null || this.#goesOn) {
      this.#behind.push(job);
      return;
    }
    const begins = Math.max(this.busyUntil, machine.now);
    this.busyUntil = begins + (machine.options.jobNs ?? JOB_NS);
    if (this.#hangs && job.timesOut !== undefined) {
      this.#neverEnds(job, begins + JOB_TIMEOUT_NS);
      return;
    }
    machine.timers.add(this.busyUntil, () => this.#itsTimeIsOver(job));
  }

  /** It is done, unless it waits for a page fault, or one before it in its queue does. */
  #itsTimeIsOver(job: RingJob): void {
    for (const [faulted, due] of this.#faulted) {
      if (faulted !== job && (job.queue === undefined || faulted.queue !== job.queue)) continue;
      due.push(job);
      return;
    }
    this.finish(job, 0);
  }

  #neverEnds(job: RingJob, due: number): void {
    this.#hung = job;
    this.machine.timers.add(due, () => {
      if (this.#hung === job) job.timesOut?.();
    });
  }

  /** The job that never ended is off the engine: those behind it, of queues that are still there, are next. */
  #goOn(): void {
    const { machine } = this;
    this.#hangs = false;
    this.#hung = null;
    this.busyUntil = machine.now;
    if (this.#behind.length === 0) return;
    this.#goesOn = true;
    // Whoever ends this job ends those of its queue, too. What becomes ready meanwhile comes behind them.
    machine.timers.add(machine.now, () => {
      this.#goesOn = false;
      for (const job of this.#behind.splice(0)) if (this.live.has(job)) this.#takesItsTime(job);
    });
  }

  *#giveUp(job: RingJob): Steps<void> {
    this.finish(job, -ECANCELED);
  }
}
