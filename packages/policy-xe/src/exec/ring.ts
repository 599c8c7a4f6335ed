import { type DmaFence, ECANCELED, ETIME, List, type ListNode, type Steps } from "@gpuvm/core";
import { type InUse, type Machine, type Timer, Work } from "@gpuvm/drm-model";
import type { XeEntity } from "./entity.ts";

/** A job, from its submission to its retirement (`struct xe_sched_job`). */
export interface RingJob {
  /** Signals when it is done, or was given up. */
  readonly fence: DmaFence;
  /**
   * Whose job it is: those of one queue end in order, and after a reset it decides what is given to the GPU again. Absent: the
   * driver's own.
   */
  readonly queue?: object;
  /** What it uses, on a machine that watches. */
  readonly uses: InUse | undefined;
  /** Long-running: it never ends by itself, and its fence is nobody's. */
  readonly endless: boolean;
  /** Its fence signals: whoever waits goes on, whether or not the GPU has left it (`xe_sched_job_set_error`). */
  signal(error?: number): void;
  /** Its queue was made while a reset was wanted, and waits for its end. */
  stopped(): boolean;
  /** Its queue was killed: it is not begun, and ends with an error. */
  killed(): boolean;
  /** It is not begun, and is to end with an error, behind those before it. */
  givenUp(): void;
  /** It begins (`emit_job`). */
  begins(): void;
  /** Its end was seen, in process context. */
  retire(): void;
  /** It took too long (`guc_exec_queue_timedout_job`). */
  timesOut(): void;
  /** How often the GPU was reset under it, or in front of it (`drm_sched_job.karma`). */
  karma: number;
  /** The ring's: when it begins, or began; later than ever: it is not the GPU's, or waits behind one that hangs. */
  beginsAt: number;
  /** The ring's: what tells its end. */
  timer: Timer | null;
  /** On the ring's list of jobs whose end nobody has seen. */
  readonly onRing: ListNode<RingJob>;
}

/** Where the driver's own copies run (`hwe` of `xe_migrate_init`), apart from the rings of programs. */
export const MIGRATE = -1;

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
  readonly live: List<RingJob> = new List();
  /** Nothing is given to it (`xe_sched_submission_stop`). */
  paused = false;
  /** What would have been. */
  #held: RingJob[] = [];
  /** So many of the next jobs do not end. */
  #hangs = 0;
  /** The job that does not end. */
  #hung: RingJob | null = null;
  /** Jobs behind it, in order; and those that became ready while these wait to go on. */
  readonly #behind: RingJob[] = [];
  /** It is off the engine, and these go on when the workers have done their part. */
  #goesOn: Timer | null = null;
  /** Jobs that wait until a page fault is answered, and which of them, and behind them in their queue, would be done by now. */
  readonly #faulted: Map<RingJob, RingJob[]> = new Map();

  /** Jobs whose end is to be seen, oldest first, each by a work of its own. */
  readonly #ended: RingJob[] = [];
  readonly #retire = new Work("xe ring retire", () => this.#retireNext());
  readonly #give = (job: RingJob): void => this.#run(job);

  /** An idle engine. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Queues a job behind those of its entity, and what it waits for. */
  submit(job: RingJob, entity: XeEntity<RingJob>, after: readonly DmaFence[]): void {
    entity.push(job, after, this.#give);
  }

  /** The next job never ends, nor does what is behind it, until it is off the engine; so do the next `jobs`, one after the other. */
  hang(jobs = 1): void {
    this.#hangs = jobs;
  }

  /** Whether a job was given to it, and nobody has seen its end. */
  has(job: RingJob): boolean {
    return job.onRing.list === this.live;
  }

  /** Whether the GPU has begun a job (`xe_sched_job_started`). */
  started(job: RingJob): boolean {
    return job.beginsAt <= this.machine.now;
  }

  /** A job waits, for a page fault is to be answered. @returns which fault; null: it waits for one already */
  faults(job: RingJob): object | null {
    if (this.#faulted.has(job)) return null;
    const fault: RingJob[] = [];
    this.#faulted.set(job, fault);
    return fault;
  }

  /** Whether a job waits for that fault, and no reset has come between. */
  waitsFor(job: RingJob, fault: object): boolean {
    return this.#faulted.get(job) === fault;
  }

  /** It goes on. */
  faultAnswered(job: RingJob): void {
    const due = this.#faulted.get(job) ?? [];
    this.#faulted.delete(job);
    for (const next of due) this.#itsTimeIsOver(next);
  }

  /**
   * A job's end: by itself, or because its queue is no more. One that was not given to the engine yet has none.
   *
   * @param left the GPU has left it; else it goes on, whatever the fence says
   */
  finish(job: RingJob, error: number, left = true): void {
    if (!this.has(job)) return;
    job.onRing.remove();
    if (this.#faulted.size > 0) this.#faulted.delete(job);
    this.#forget(job);
    if (left) job.uses?.stops();
    const hung = job === this.#hung;
    if (hung && left) this.#goOn();
    job.signal(error);
    this.#ended.push(job);
    this.machine.queue(this.#retire);
    // The GPU works on it still, and on nothing else: those behind it time out, too.
    if (hung && !left) for (const next of this.#behind.splice(0)) this.finish(next, -ETIME);
  }

  *#retireNext(): Steps<void> {
    this.#ended.shift()?.retire();
  }

  /** The GPU was reset: it works on nothing any more. */
  left(): void {
    for (const job of this.live.toArray()) {
      job.uses?.stops();
      this.#forget(job);
    }
    this.#faulted.clear();
    this.#hung = null;
    this.#behind.length = 0;
    if (this.#goesOn !== null) this.machine.timers.cancel(this.#goesOn);
    this.#goesOn = null;
    this.busyUntil = this.machine.now;
  }

  /** What was given to it is given to it once more (`xe_sched_resubmit_jobs`): a job of a queue, or all of the driver's own. */
  again(job?: RingJob): void {
    const jobs = job === undefined ? this.live.toArray().filter(({ queue }) => queue === undefined) : [job];
    for (const one of jobs) {
      one.uses?.starts();
      this.#begin(one);
    }
  }

  /** The driver's own jobs are given up. */
  abort(): void {
    for (const job of this.live.toArray()) if (job.queue === undefined) this.finish(job, -ECANCELED);
  }

  /** What was held back is its turn (`xe_sched_submission_start`). */
  resume(): void {
    this.paused = false;
    for (const job of this.#held.splice(0)) this.#run(job);
  }

  /** `guc_exec_queue_run_job`. */
  #run(job: RingJob): void {
    if (this.paused || job.stopped()) {
      this.#held.push(job);
      return;
    }
    this.live.push(job.onRing);
    if (job.killed()) {
      job.givenUp();
      return;
    }
    // The ring flushes the TLB ahead of the batch.
    job.begins();
    job.uses?.starts();
    this.#begin(job);
  }

  #begin(job: RingJob): void {
    if (job.endless) job.beginsAt = this.machine.now;
    else this.#takesItsTime(job);
  }

  #takesItsTime(job: RingJob): void {
    const { machine } = this;
    if (this.#hung !== null || this.#goesOn !== null) {
      this.#behind.push(job);
      return;
    }
    const begins = Math.max(this.busyUntil, machine.now);
    this.busyUntil = begins + (machine.options.jobNs ?? JOB_NS);
    const hangs = this.#hangs > 0;
    job.timer = hangs
      ? this.#neverEnds(job, begins + JOB_TIMEOUT_NS)
      : machine.timers.add(this.busyUntil, () => this.#itsTimeIsOver(job));
    job.beginsAt = begins;
  }

  #forget(job: RingJob): void {
    job.beginsAt = Number.POSITIVE_INFINITY;
    if (job.timer === null) return;
    this.machine.timers.cancel(job.timer);
    job.timer = null;
  }

  /** It is done, unless it waits for a page fault, or one before it in its queue does. */
  #itsTimeIsOver(job: RingJob): void {
    job.timer = null;
    for (const [faulted, due] of this.#faulted) {
      if (faulted !== job && (job.queue === undefined || faulted.queue !== job.queue)) continue;
      due.push(job);
      return;
    }
    this.finish(job, 0);
  }

  #neverEnds(job: RingJob, due: number): Timer {
    this.#hangs--;
    this.#hung = job;
    return this.machine.timers.add(due, () => {
      if (this.#hung === job) job.timesOut();
    });
  }

  /** The job that never ended is off the engine: those behind it, of queues that are still there, are next. */
  #goOn(): void {
    const { machine } = this;
    this.#hung = null;
    this.busyUntil = machine.now;
    if (this.#behind.length === 0) return;
    // Whoever ends this job ends those of its queue, too. What becomes ready meanwhile comes behind them.
    this.#goesOn = machine.timers.add(machine.now, () => {
      this.#goesOn = null;
      for (const job of this.#behind.splice(0)) if (this.has(job)) this.#takesItsTime(job);
    });
  }
}
