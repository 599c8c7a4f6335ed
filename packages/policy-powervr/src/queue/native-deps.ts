import type { CountedFence } from "@gpuvm/drm-model";
import { FRAGMENT, type PvrJob } from "./job.ts";

/** `job_count_remaining_native_deps`: dependencies for which the firmware waits, and not the scheduler. */
export function remainingNativeDeps(job: PvrJob): number {
  let n = 0;
  for (const fence of job.dependencies) {
    if (isPairedFence(job, fence)) n++;
    else if (nativeFence(fence)?.base.signaled === false) n++;
  }
  return n;
}

/** `is_paired_job_fence`. */
function isPairedFence(job: PvrJob, fence: CountedFence | null): boolean {
  return job.type === FRAGMENT && job.paired !== null && job.paired.fence?.scheduled === fence;
}

/** The queue's fence behind one of the scheduler's (`to_pvr_queue_job_fence`), or null. */
export function nativeFence(fence: CountedFence | null): CountedFence | null {
  return fence?.sched?.parent ?? null;
}
