import type { Panthor } from "../device.ts";
import type { PanthorJob, PanthorQueue } from "./group.ts";
import { resetTimeout, suspendTimeout } from "./timeout.ts";

/**
 * Jobs up to the number that the GPU has written are done (`queue_check_job_completion`).
 *
 * @returns whether there was progress, or nothing is left
 */
export function checkCompletion(panthor: Panthor, queue: PanthorQueue): boolean {
  const done: PanthorJob[] = [];
  let progress = false;
  while (queue.inFlight[0] !== undefined && queue.inFlight[0].seqno <= queue.done) {
    const job = queue.inFlight.shift() as PanthorJob;
    done.push(job);
    signalDone(job, 0);
  }
  if (queue.inFlight.length === 0) {
    suspendTimeout(panthor, queue);
    progress = true;
  } else if (done.length > 0) {
    resetTimeout(panthor, queue);
    progress = true;
  }
  for (const job of done) job.kref.put(job.group.kref);
  return progress;
}

/** Signals a job's own fence, with an error that it may have already. */
export function signalDone(job: PanthorJob, error: number): void {
  const base = job.doneFence?.base;
  base?.signal(error === 0 ? base.error : error);
}
