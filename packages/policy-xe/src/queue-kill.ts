import { ECANCELED, ETIME, type Steps } from "@gpuvm/core";
import type { Xe } from "./device.ts";
import type { RunningQueue } from "./preempt-fence.ts";

/** `guc_exec_queue_kill`. */
export function kill(queue: RunningQueue): void {
  if (queue.killed) return;
  queue.killed = true;
  if (queue.pending.size === 0) return;
  const { xe } = queue.vm;
  const holder = queue.vm.holder("submit");
  queue.kref.get(holder);
  xe.machine.queueWork("xe timedout_job", () => timedoutJob(xe, queue, holder));
}

/** A job of the queue took too long: the queue is banned, which for it and its jobs is as if it was killed. */
export function ban(queue: RunningQueue): void {
  kill(queue);
}

/** `guc_exec_queue_timedout_job`: scheduling is off, so no job touches memory any more. */
function* timedoutJob(xe: Xe, queue: RunningQueue, holder: string): Steps<void> {
  const ring = xe.ring(queue.engineClass);
  let error = -ETIME;
  // What still waits for something is given up when its turn comes.
  for (const job of [...queue.pending.values()].filter((job) => ring.live.has(job))) {
    ring.finish(job, error);
    error = -ECANCELED;
  }
  queue.kref.put(holder);
}
