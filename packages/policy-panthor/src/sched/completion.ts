import { takeFirst } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorJob, PanthorQueue } from "./group.ts";
import { putJob } from "./job.ts";
import { resetTimeout, suspendTimeout } from "./timeout.ts";

const NONE: PanthorJob[] = [];

/**
 * Jobs up to the number that the GPU has written are done (`queue_check_job_completion`).
 *
 * @returns whether there was progress, or nothing is left
 */
export function checkCompletion(panthor: Panthor, queue: PanthorQueue): boolean {
  const { inFlight } = queue;
  let done: PanthorJob[] = NONE;
  for (let job = inFlight[0]; job !== undefined && job.seqno <= queue.done; job = inFlight[0]) {
    takeFirst(inFlight);
    if (done.length === 0) done = [job];
    else done.push(job);
    signalDone(job, 0);
  }
  if (inFlight.length === 0) suspendTimeout(panthor, queue);
  else if (done.length > 0) resetTimeout(panthor, queue);
  for (const job of done) putJob(panthor, job, job.group.kref);
  return inFlight.length === 0 || done.length > 0;
}

/** Signals a job's own fence, with an error that it may have already. */
export function signalDone(job: PanthorJob, error: number): void {
  const base = job.doneFence?.base;
  base?.signal(error === 0 ? base.error : error);
}
