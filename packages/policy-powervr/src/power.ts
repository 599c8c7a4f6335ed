import { EIO, type Errno, type Steps } from "@gpuvm/core";
import { preempt, type SchedFence, startScheduler, stopScheduler } from "@gpuvm/drm-model";
import type { PvrDevice } from "./device.ts";
import type { JobQueue } from "./queue/job.ts";

/**
 * The firmware does not answer any more, and the watchdog resets it (`pvr_watchdog_worker`, `pvr_power_reset`, a hard one): no work goes
 * on over that.
 *
 * @param works whether the firmware comes up again; if not the device is lost
 * @returns 0; -EIO if it is, or was, lost
 */
export function* powerReset(pvr: PvrDevice, works: boolean): Steps<Errno> {
  const { state, caches, hardware, machine, dev } = pvr;
  if (state.lost || state.resetting) return -EIO;
  state.resetting = true;
  // pvr_queue_device_pre_reset
  for (const queue of queuesOf(pvr)) yield* stopScheduler(queue.scheduler, null);
  yield* preempt(dev, "preempt", "pvr_fw_hard_reset");
  hardware.reset?.(works);
  for (const { pt } of machine.vms) pt.forget();
  if (!works) {
    caches.booted = false;
    yield* deviceLost(pvr);
  }
  // pvr_queue_device_post_reset
  for (const queue of queuesOf(pvr)) startQueue(queue);
  state.resetting = false;
  return works ? 0 : -EIO;
}

function queuesOf(pvr: PvrDevice): JobQueue[] {
  return [...pvr.queues] as JobQueue[];
}

/** `pvr_device_lost`: calls are refused from now on; those that were not are waited for (`drm_dev_unplug`). */
function* deviceLost({ state, dev }: PvrDevice): Steps<void> {
  state.lost = true;
  if (dev.waitsUntil(() => state.inside === 0, "drm_dev_unplug")) yield dev.point;
}

/** `pvr_queue_start`: what is not done never will be: it is cancelled, and its context takes no more. */
function startQueue(queue: JobQueue): void {
  const { scheduler, objects, jobFences, ctx } = queue;
  // Other queues must not be held up by it.
  queue.doneSeqno = jobFences.seqno;
  queue.lastOnHardware = null;
  objects.cccb.readOffset = objects.cccb.writeOffset;
  for (const job of scheduler.running) {
    if (job.doneFence?.base.signaled === true) (job.fence as SchedFence).setParent(job.doneFence);
    else ctx.faulty = true;
  }
  startScheduler(scheduler, 0);
}
