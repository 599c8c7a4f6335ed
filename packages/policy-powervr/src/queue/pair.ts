import type { CountedFence, SchedFence } from "@gpuvm/drm-model";
import { rulesOf } from "../history/rules.ts";
import { FRAGMENT, GEOMETRY, type JobQueue, type PvrJob } from "./job.ts";

/**
 * Pairs each geometry job with the fragment job behind it that waits for it and draws to the same target
 * (`pvr_jobs_link_geom_frag`): both go to the firmware together. The geometry job waits for the fragment jobs queued before.
 */
export function linkPairs(jobs: readonly PvrJob[]): void {
  for (let i = 0; i < jobs.length - 1; i++) {
    const geometry = jobs[i] as PvrJob;
    const fragment = jobs[i + 1] as PvrJob;
    if (!canPair(geometry, fragment)) continue;
    const before = lastQueuedFragment(fragment.queue, jobs, i);
    if (before !== null) geometry.addDependency(before.get(geometry));
    geometry.paired = fragment;
    fragment.paired = geometry;
    if (rulesOf(geometry.ctx.pvr).holdsPaired) geometry.refs++;
    i++;
  }
}

/** `can_combine_jobs`. */
function canPair(geometry: PvrJob, fragment: PvrJob): boolean {
  return (
    geometry.type === GEOMETRY &&
    fragment.type === FRAGMENT &&
    geometry.ctx === fragment.ctx &&
    geometry.hwrt === fragment.hwrt &&
    fragment.hasDependency((geometry.fence as SchedFence).scheduled)
  );
}

/** `get_last_queued_job_scheduled_fence`: of this submit's jobs before, or the queue's. */
function lastQueuedFragment(queue: JobQueue, jobs: readonly PvrJob[], before: number): CountedFence | null {
  for (let i = before - 1; i >= 0; i--) {
    const job = jobs[i] as PvrJob;
    if (job.queue === queue) return (job.fence as SchedFence).scheduled;
  }
  return queue.lastQueued;
}
