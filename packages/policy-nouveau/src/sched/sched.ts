import { type DmaFence, List, Lock, type Steps } from "@gpuvm/core";
import { type Machine, removeFrom, type Timer, takeFirst, Work } from "@gpuvm/drm-model";
import { Timeline } from "../channel/timeline.ts";
import type { SchedJob } from "./sched-job.ts";
import { type Stoppable, timedOut } from "./sched-timeout.ts";

/** `-ESRCH`: a job that was cancelled with its entity. */
const ESRCH = 3;

/** How long the oldest job may take: 10 s (`NOUVEAU_SCHED_JOB_TIMEOUT_MS`). */
const JOB_TIMEOUT_NS = 10e9;

/**
 * A scheduler with its one entity (`struct nouveau_sched`): of the binds of a client, or of the EXECs of a channel. Jobs
 * begin in the order in which they were pushed, when what they wait for is done and the ring has room.
 */
export class NouveauSched implements Stoppable {
  readonly machine: Machine;
  readonly label: string;
  readonly #runItem: Work;
  readonly #freeItem: Work;
  readonly #freeLabel: string;
  readonly #creditLimit: number;
  /** One submit at a time: jobs get into the tree and into the queue in the same order (`sched->mutex`). */
  readonly mutex: Lock;
  /** Fences of its jobs. */
  readonly timeline: Timeline;
  /** Jobs that are not given back yet (`job.list`). */
  readonly list: List<SchedJob> = new List();
  /** Jobs that have not begun. */
  readonly queue: SchedJob[] = [];
  /** Jobs that have begun and are not given back, oldest first (`pending_list`). */
  readonly pending: SchedJob[] = [];
  /** Jobs that are done and not given back, oldest first, each by a work of its own. */
  readonly #done: SchedJob[] = [];
  /** Nothing begins, and nothing is given back (`pause_submit`). */
  paused = false;
  /** Workers that begin a job, or give one back. */
  working = 0;
  /** A worker deals with a job that took too long. */
  timingOut = false;
  /** When the oldest job takes too long; null: there is none, or nobody looks. */
  timer: Timer | null = null;
  /** What the ring still takes (`credit_limit`). */
  credits: number;
  /** The last job that has begun. */
  lastBegun: DmaFence | null = null;
  /** Cancelled: nothing begins any more. */
  killed = false;
  /** A worker is about to look at the queue. */
  kicked = false;

  /** Without jobs. */
  constructor(machine: Machine, label: string, mutex: string, credits: number) {
    this.machine = machine;
    this.label = label;
    this.#runItem = new Work(`${label} run_job`, () => this.begin(), "signalling");
    this.#freeLabel = `${label} free_job`;
    this.#freeItem = new Work(this.#freeLabel, () => this.#freeNext());
    this.mutex = new Lock(mutex, "nouveau_sched.mutex", machine.dev.lockdep);
    this.timeline = new Timeline(machine);
    this.credits = credits;
    this.#creditLimit = credits;
  }

  /** Every job that it was given is given back. */
  get empty(): boolean {
    return this.list.length === 0;
  }

  /** Queues a job (`drm_sched_entity_push_job`). */
  push(job: SchedJob): void {
    this.list.push(job.onList);
    this.queue.push(job);
    this.kick();
  }

  /** Begins the next job, if it can. */
  kick(): void {
    const job = this.queue[0];
    if (job === undefined || this.kicked || this.killed || this.paused) return;
    const blocker = job.after.find((fence) => !fence.signaled);
    if (blocker !== undefined) {
      blocker.onSignal(() => this.kick());
      return;
    }
    if (job.credits > this.credits) return;
    this.kicked = true;
    this.machine.queue(this.#runItem);
  }

  /**
   * Cancels what has not begun (`drm_sched_entity_kill`). Each cancelled job is given back when the one before it is done,
   * and what it would have waited for.
   */
  kill(): void {
    this.killed = true;
    let before = this.lastBegun;
    for (const job of this.queue.splice(0)) {
      const waits = before === null ? job.after : [before, ...job.after];
      whenAll(waits, () => {
        job.finished.signal(-ESRCH);
        this.machine.queueWork(this.#freeLabel, () => this.free(job));
      });
      before = job.finished;
    }
  }

  *begin(): Steps<void> {
    this.kicked = false;
    const job = this.queue[0];
    // It was cancelled meanwhile, or the scheduler is stopped.
    if (job === undefined || this.paused) return;
    takeFirst(this.queue);
    this.credits -= job.credits;
    this.lastBegun = job.finished;
    this.pending.push(job);
    this.startTimeout();
    this.working++;
    const done = yield* job.run();
    this.working--;
    if (typeof done === "number") this.finish(job, done);
    else this.follow(job, done);
    this.kick();
  }

  /** A job is done when the hardware says so, unless it is given up before. */
  follow(job: SchedJob, fence: DmaFence): void {
    job.parent = fence;
    fence.onSignal(() => {
      if (job.parent === fence) this.finish(job, fence.error);
    });
  }

  /** `drm_sched_job_done`. */
  finish(job: SchedJob, error: number): void {
    this.credits += job.credits;
    job.finished.signal(error);
    this.#done.push(job);
    this.machine.queue(this.#freeItem);
    this.kick();
  }

  *#freeNext(): Steps<void> {
    const job = takeFirst(this.#done) as SchedJob;
    // If not, the timeout deals with it, or has given it back.
    if (!removeFrom(this.pending, job)) return;
    this.startTimeout();
    this.working++;
    yield* job.free();
    job.onList.remove();
    this.working--;
  }

  *free(job: SchedJob): Steps<void> {
    yield* job.free();
    job.onList.remove();
  }

  /** Watches over the oldest job, from now on (`drm_sched_start_timeout`). */
  startTimeout(): void {
    const { machine } = this;
    if (machine.options.timeouts !== true) return;
    this.stopTimeout();
    if (this.pending.length === 0) return;
    this.timer = machine.timers.add(machine.now + JOB_TIMEOUT_NS, () => {
      this.timer = null;
      machine.queueWork(`${this.label} timedout_job`, () => timedOut(this));
    });
  }

  /** Watches no more. */
  stopTimeout(): void {
    if (this.timer !== null) this.machine.timers.cancel(this.timer);
    this.timer = null;
  }

  /** It goes, with every job given back (`nouveau_sched_fini`). */
  *fini(): Steps<void> {
    const { dev } = this.machine;
    if (dev.waitsUntil(() => this.empty, "nouveau_sched_fini")) yield dev.point;
    // drm_sched_fini
    this.stopTimeout();
    if (dev.waitsUntil(() => !this.timingOut, "drm_sched_fini")) yield dev.point;
    const taken = this.#creditLimit - this.credits;
    if (taken !== 0)
      this.machine.hazard("leak", this.label, `a scheduler goes, and ${taken} of its credits are taken`);
  }
}

/** Does something when all of these have signalled. */
function whenAll(fences: readonly DmaFence[], then: () => void): void {
  let left = 1;
  const one = () => {
    if (--left === 0) then();
  };
  for (const fence of fences) {
    if (fence.signaled) continue;
    left++;
    fence.onSignal(one);
  }
  one();
}
