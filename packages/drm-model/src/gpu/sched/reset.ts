import { ECANCELED, type Steps } from "@gpuvm/core";
import type { SchedFence } from "./sched-fence.ts";
import type { SchedJob } from "./sched-job.ts";
import type { DrmScheduler } from "./scheduler.ts";

/**
 * Stops a scheduler (`drm_sched_stop`): work that runs is waited for, no other begins, and the jobs on the hardware are no longer followed. Those that
 * turn out to be done are freed, but for `bad`, the job that timed out, which its timeout frees.
 */
export function* stopScheduler<J extends SchedJob>(sched: DrmScheduler<J>, bad: J | null): Steps<void> {
  const { dev } = sched.machine;
  sched.paused = true;
  if (dev.waitsUntil(() => sched.working === 0, "drm_sched_wqueue_stop")) yield dev.point;
  if (bad !== null && !sched.running.includes(bad)) sched.running.unshift(bad);
  for (const job of [...sched.running].reverse()) {
    if (job.onHardware?.removeCallback(job) === true) {
      job.onHardware = null;
      (job.fence as SchedFence).setParent(null);
      sched.credits -= job.credits;
      continue;
    }
    sched.running.splice(sched.running.indexOf(job), 1);
    if (job === bad) sched.freeGuilty = true;
    else yield* sched.ops.freeJob(job);
  }
  sched.stopTimeout();
}

/**
 * Starts it again (`drm_sched_start`): jobs on the hardware are followed by the fences that they were given meanwhile;
 * one without is done, with `error`, or cancelled.
 */
export function startScheduler<J extends SchedJob>(sched: DrmScheduler<J>, error = 0): void {
  for (const job of [...sched.running]) {
    sched.credits += job.credits;
    const parent = job.fence?.parent ?? null;
    if (parent !== null) job.follow(parent.base);
    else sched.done(job, error === 0 ? -ECANCELED : error);
  }
  sched.startTimeout();
  sched.resume();
}
