import { type DmaFence, Lock, type Steps } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import { Timeline } from "./timeline.ts";

/** `-ESRCH`: a job that was cancelled with its entity. */
const ESRCH = 3;

/** A bind that others may have to wait for. */
export interface BindInFlight {
  /** It is given back (`complete`). */
  readonly complete: boolean;
  /** Whether it unmaps something in a range. */
  unmaps(addr: number, range: number): boolean;
}

/** A job in a scheduler's hands (`struct drm_sched_job`). */
export interface SchedJob {
  /** Shown in findings. */
  readonly label: string;
  /** What it takes of the ring while it runs. */
  readonly credits: number;
  /** What it waits for. */
  readonly after: readonly DmaFence[];
  /** Signals when it is done, or cancelled (`s_fence->finished`). */
  readonly finished: DmaFence;
  /** Does the work, in the path that signals fences: a fence of the hardware's, or 0 or -errno if there is none. */
  readonly run: () => Steps<DmaFence | number>;
  /** Gives back what it held, in process context; for a job that never ran, too. */
  readonly free: () => Steps<void>;
  /** The bind that it is, or null. */
  readonly bind: BindInFlight | null;
}

/**
 * A scheduler with its one entity (`struct nouveau_sched`): of the binds of a client, or of the EXECs of a channel. Jobs
 * begin in the order in which they were pushed, when what they wait for is done and the ring has room.
 */
export class NouveauSched {
  readonly machine: Machine;
  readonly label: string;
  readonly #runLabel: string;
  readonly #freeLabel: string;
  /** One submit at a time: jobs get into the tree and into the queue in the same order (`sched->mutex`). */
  readonly mutex: Lock;
  /** Fences of its jobs. */
  readonly timeline: Timeline;
  /** Jobs that are not given back yet (`job.list`). */
  readonly list: Set<SchedJob> = new Set();
  /** Jobs that have not begun. */
  readonly queue: SchedJob[] = [];
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
    this.#runLabel = `${label} run_job`;
    this.#freeLabel = `${label} free_job`;
    this.mutex = new Lock(mutex, "nouveau_sched.mutex", machine.dev.lockdep);
    this.timeline = new Timeline(machine);
    this.credits = credits;
  }

  /** Every job that it was given is given back. */
  get empty(): boolean {
    return this.list.size === 0;
  }

  /** Queues a job (`drm_sched_entity_push_job`). */
  push(job: SchedJob): void {
    this.list.add(job);
    this.queue.push(job);
    this.kick();
  }

  /** Begins the next job, if it can. */
  kick(): void {
    const job = this.queue[0];
    if (job === undefined || this.kicked || this.killed) return;
    const blocker = job.after.find((fence) => !fence.signaled);
    if (blocker !== undefined) {
      blocker.onSignal(() => this.kick());
      return;
    }
    if (job.credits > this.credits) return;
    this.kicked = true;
    this.machine.queueWork(this.#runLabel, () => this.begin(), "signalling");
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
    // It was cancelled meanwhile.
    if (job === undefined) return;
    this.queue.shift();
    this.credits -= job.credits;
    this.lastBegun = job.finished;
    const done = yield* job.run();
    if (typeof done === "number") this.finish(job, done);
    else done.onSignal(() => this.finish(job, done.error));
    this.kick();
  }

  finish(job: SchedJob, error: number): void {
    this.credits += job.credits;
    job.finished.signal(error);
    this.machine.queueWork(this.#freeLabel, () => this.free(job));
    this.kick();
  }

  *free(job: SchedJob): Steps<void> {
    yield* job.free();
    this.list.delete(job);
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
