import type { Steps } from "@gpuvm/core";
import type { CountedFence } from "@gpuvm/drm-model";
import { jobCommandsSize } from "./cccb.ts";
import { type JobQueue, type PvrJob, putJob } from "./job.ts";
import { remainingNativeDeps } from "./native-deps.ts";

/** The firmware has done a job: it says so in the queue's timeline, and lets the driver know. */
export function jobIsDone(queue: JobQueue, job: PvrJob): void {
  queue.objects.cccb.readOffset = job.endOffset;
  queue.doneSeqno = job.doneFence?.base.seqno ?? queue.doneSeqno;
  queue.ctx.pvr.trace?.(["done", job]);
  if (queue.waitsForRoom === null) signalDoneFences(queue);
  else queue.ctx.pvr.machine.queueWork("pvr_queue_process", () => processQueue(queue));
}

/** Looks what the firmware has done on a queue (`pvr_queue_process`). */
export function* processQueue(queue: JobQueue): Steps<void> {
  yield* checkRoom(queue);
  signalDoneFences(queue);
}

/** `pvr_queue_check_job_waiting_for_cccb_space`. */
function* checkRoom(queue: JobQueue): Steps<void> {
  const job = queue.waitsForRoom;
  if (job === null) return;
  const fence = job.cccbFence as CountedFence;
  if (!queue.objects.cccb.fits(jobCommandsSize(job.type, remainingNativeDeps(job)))) return;
  queue.waitsForRoom = null;
  job.cccbFence = null;
  fence.base.signal();
  fence.put(job);
  yield* putJob(job);
}

/** `pvr_queue_signal_done_fences`: of jobs that the firmware has done, oldest first. */
function signalDoneFences(queue: JobQueue): void {
  for (const { doneFence } of queue.scheduler.running) {
    if (doneFence === null || queue.doneSeqno < doneFence.base.seqno) break;
    if (doneFence.base.signaled) continue;
    queue.inFlight--;
    doneFence.base.signal();
  }
}
