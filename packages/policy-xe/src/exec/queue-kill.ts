import { ECANCELED, EIO, ETIME, type Steps } from "@gpuvm/core";
import type { Xe } from "../device.ts";
import type { RunningQueue } from "../preempt/preempt-fence.ts";
import type { RingJob } from "./ring.ts";

/** `guc_exec_queue_kill`. */
export function kill(queue: RunningQueue): void {
  takeOff(queue, -ETIME, true);
}

/** A job of the queue took too long: the queue is banned, which for it and its jobs is as if it was killed. */
export function ban(queue: RunningQueue): void {
  takeOff(queue, -ETIME, false);
}

/**
 * The firmware has reset the engine under a queue, or met an address that leads nowhere
 * (`xe_guc_exec_queue_reset_handler`, `xe_guc_exec_queue_memory_cat_error_handler`): it is banned.
 */
export function resetTriggerCleanup(queue: RunningQueue): void {
  takeOff(queue, -EIO, false);
}

/** `xe_guc_exec_queue_trigger_cleanup`. `error`: what the job at hand ends with; `wanted`: the program, or the kernel, wanted it. */
function takeOff(queue: RunningQueue, error: number, wanted: boolean): void {
  if (queue.killed) return;
  queue.killed = true;
  if (queue.pending.length > 0) tdrQueueImm(queue, error, wanted);
}

/** What the GPU was given of a queue times out at once (`xe_sched_tdr_queue_imm`). */
export function tdrQueueImm(queue: RunningQueue, error: number = -ETIME, wanted: boolean = true): void {
  const { xe } = queue.vm;
  const holder = queue.vm.holder("submit");
  queue.kref.get(holder);
  xe.gt.orderedWq.queue(() => timedoutJob(xe, queue, { holder, error, wanted }));
}

/** Why a queue is taken off the GPU. */
interface Cleanup {
  readonly holder: string;
  readonly error: number;
  readonly wanted: boolean;
}

/**
 * `guc_exec_queue_timedout_job`: when scheduling is off, no job touches memory any more, and all end. If the firmware does not answer, a
 * reset of the GT is wanted first.
 */
function* timedoutJob(xe: Xe, queue: RunningQueue, cleanup: Cleanup): Steps<void> {
  // `guc_submit_hint_wedged`
  if (!cleanup.wanted && xe.wedged.mode === "upon-any-hang-no-reset" && !xe.wedged.flag) xe.declareWedged();
  if (queue.enabled && !xe.wedged.flag) {
    if (xe.gt.stopped || !xe.machine.dev.mayAlloc("guc answers a schedule disable")) {
      xe.gt.resetAsync();
      xe.gt.orderedWq.queue(() => timedoutJob(xe, queue, cleanup));
      return;
    }
    queue.enabled = false;
  }
  const ring = xe.ring(queue.engineClass);
  const { holder } = cleanup;
  let { error } = cleanup;
  // What still waits for something is given up when its turn comes.
  for (const job of queue.pending.toArray().filter((job) => ring.has(job))) {
    ring.finish(job, error, !queue.enabled);
    error = -ECANCELED;
  }
  queue.kref.put(holder);
}

/**
 * A copy of the driver's own took too long (`guc_exec_queue_timedout_job`, `timeout_needs_gt_reset`): the GT is reset, and it is
 * copied again; a third time the device is given up.
 */
export function kernelJobTimedOut(xe: Xe, job: RingJob): void {
  xe.gt.orderedWq.queue(function* () {
    if (job.fence.signaled || xe.wedged.flag) return;
    if (++job.karma <= 2) {
      xe.gt.resetAsync();
      return;
    }
    xe.declareWedged();
  });
}
