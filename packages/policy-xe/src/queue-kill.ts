import { ECANCELED, EIO, ETIME, type Steps } from "@gpuvm/core";
import type { Xe } from "./device.ts";
import type { RunningQueue } from "./preempt-fence.ts";

/** `guc_exec_queue_kill`. */
export function kill(queue: RunningQueue): void {
  takeOff(queue, -ETIME);
}

/** A job of the queue took too long: the queue is banned, which for it and its jobs is as if it was killed. */
export function ban(queue: RunningQueue): void {
  takeOff(queue, -ETIME);
}

/**
 * The firmware has reset the engine under a queue, or met an address that leads nowhere
 * (`xe_guc_exec_queue_reset_handler`, `xe_guc_exec_queue_memory_cat_error_handler`): it is banned.
 */
export function resetTriggerCleanup(queue: RunningQueue): void {
  takeOff(queue, -EIO);
}

/** `xe_guc_exec_queue_trigger_cleanup`. `error`: what the job at hand ends with. */
function takeOff(queue: RunningQueue, error: number): void {
  if (queue.killed) return;
  queue.killed = true;
  if (queue.pending.size === 0) return;
  const { xe } = queue.vm;
  const holder = queue.vm.holder("submit");
  queue.kref.get(holder);
  xe.machine.queueWork("xe timedout_job", () => timedoutJob(xe, queue, holder, error));
}

/** `guc_exec_queue_timedout_job`: scheduling is off, so no job touches memory any more. */
function* timedoutJob(xe: Xe, queue: RunningQueue, holder: string, first: number): Steps<void> {
  const ring = xe.ring(queue.engineClass);
  let error = first;
  // What still waits for something is given up when its turn comes.
  for (const job of [...queue.pending.values()].filter((job) => ring.live.has(job))) {
    ring.finish(job, error);
    error = -ECANCELED;
  }
  queue.kref.put(holder);
}
