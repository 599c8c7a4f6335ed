import { ECANCELED, type Steps } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import type { SchedJob } from "./sched-job.ts";

/** A scheduler, as far as a timeout goes; `NouveauSched` is the only one. */
export interface Stoppable {
  readonly machine: Machine;
  /** Jobs that have begun and are not given back, oldest first. */
  readonly pending: SchedJob[];
  /** Nothing begins, and nothing is given back. */
  paused: boolean;
  /** Workers that begin a job, or give one back. */
  readonly working: number;
  /** A worker deals with a job that took too long. */
  timingOut: boolean;
  /** What the ring still takes. */
  credits: number;
  /** Begins the next job, if it can. */
  kick(): void;
  /** A job is done. */
  finish(job: SchedJob, error: number): void;
  /** Gives a job back. */
  free(job: SchedJob): Steps<void>;
  /** Watches over the oldest job, from now on. */
  startTimeout(): void;
  /** Watches no more. */
  stopTimeout(): void;
}

/**
 * The oldest job of a scheduler takes too long (`drm_sched_job_timedout`, `nouveau_sched_timedout_job`): the scheduler is
 * stopped, the job's kind does what it can, and what is not done then is cancelled.
 */
export function* timedOut(sched: Stoppable): Steps<void> {
  const bad = sched.pending.shift();
  if (bad !== undefined) {
    sched.timingOut = true;
    const isDone = yield* stop(sched, bad);
    bad.timeout();
    start(sched);
    if (isDone) yield* sched.free(bad);
    sched.timingOut = false;
  }
  sched.startTimeout();
}

/**
 * `drm_sched_stop`: jobs on the hardware are no longer followed; what is done by now is given back, but for `bad`.
 *
 * @returns whether that one is done, too
 */
function* stop(sched: Stoppable, bad: SchedJob): Steps<boolean> {
  const { dev } = sched.machine;
  sched.paused = true;
  if (dev.waitsUntil(() => sched.working === 0, "drm_sched_wqueue_stop")) yield dev.point;
  sched.pending.unshift(bad);
  let isDone = false;
  for (const job of [...sched.pending].reverse()) {
    if (job.parent !== null && !job.parent.signaled) {
      job.parent = null;
      sched.credits += job.credits;
      continue;
    }
    sched.pending.splice(sched.pending.indexOf(job), 1);
    if (job === bad) isDone = true;
    else yield* sched.free(job);
  }
  sched.stopTimeout();
  return isDone;
}

/** `drm_sched_start`: nobody gave the jobs another fence, so each ends with -ECANCELED. */
function start(sched: Stoppable): void {
  for (const job of [...sched.pending]) {
    sched.credits -= job.credits;
    sched.finish(job, -ECANCELED);
  }
  sched.startTimeout();
  sched.paused = false;
  sched.kick();
}
