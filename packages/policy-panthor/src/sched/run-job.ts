import { ECANCELED, type Errno, type Steps } from "@gpuvm/core";
import {
  type CountedFence,
  lockBriefly,
  removeFrom,
  startScheduler,
  stopScheduler,
  takeRef,
  unlock,
} from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { doorbell } from "./csg.ts";
import type { PanthorGroup, PanthorJob, PanthorQueue } from "./group.ts";
import { REALTIME } from "./scheduler.ts";
import { resumeTimeout } from "./timeout.ts";

/** Gives a job to its ring buffer (`queue_run_job`); one without commands is done when the one before it is. */
export function* runJob(panthor: Panthor, job: PanthorJob): Steps<CountedFence | Errno> {
  const { group, queue } = job;
  const { sched, machine } = panthor;
  if (!job.work) return queue.lastFence ?? 0;
  yield* lockBriefly(machine.dev, sched.lock, "queue_run_job");
  if (!group.canRun) {
    unlock(machine.dev, sched.lock);
    panthor.onSched?.(["run_job", job, -ECANCELED]);
    return -ECANCELED;
  }
  panthor.onSched?.(["run_job", job, group, queue.index, `csg ${group.csgId}`]);
  const fence = job.initFence(machine);
  takeRef(job, machine.dev, group.kref);
  queue.inFlight.push(job);
  const bit = 1 << queue.index;
  if (group.csgId < 0) schedule(panthor, group, bit);
  else {
    const resumes =
      group.isIdle &&
      (group.idleQueues & bit) !== 0 &&
      (group.blockedQueues & bit) === 0 &&
      sched.reschedTarget === Number.POSITIVE_INFINITY;
    group.idleQueues &= ~bit;
    if (resumes) sched.resumeTick(machine.now);
    panthor.onSched?.(["doorbell", group.csgId + 1]);
    doorbell(panthor, queue);
    resumeTimeout(panthor, queue);
  }
  queue.lastFence?.put(queue.entity.name);
  queue.lastFence = fence.get(queue.entity.name);
  unlock(machine.dev, sched.lock);
  return fence;
}

/** A group that is in no slot has something to do (`group_schedule_locked`). */
function schedule({ sched, machine }: Panthor, group: PanthorGroup, bits: number): void {
  if (!group.canRun || (bits & group.blockedQueues) === bits) return;
  const wasIdle = group.isIdle;
  group.idleQueues &= ~bits;
  if (sched.resetInProgress) return;
  if (wasIdle && !group.isIdle) group.moveTo(sched.runnable[group.priority] ?? null);
  if (group.priority === REALTIME || sched.mayHaveIdle) sched.queueTick(0);
  else if (sched.reschedTarget !== Number.POSITIVE_INFINITY) {
    if (sched.usedSlots < sched.slots.length) sched.queueTick(0);
  } else sched.resumeTick(machine.now);
}

/** The oldest job of a queue takes too long: its group goes (`queue_timedout_job`). */
export function* timedoutJob(panthor: Panthor, job: PanthorJob): Steps<"reset"> {
  const { sched, machine } = panthor;
  const { group, queue } = job;
  queue.timeoutDisabled = true;
  queue.timeout.cancel();
  yield* stopScheduler(queue.scheduler, job);
  yield* lockBriefly(machine.dev, sched.lock, "queue_timedout_job");
  group.timedout = true;
  if (group.csgId >= 0) sched.queueTick(0);
  else {
    group.moveTo(null);
    stopWaiting(panthor, group);
    group.queueWork(group.termWork);
  }
  unlock(machine.dev, sched.lock);
  startQueue(queue);
  return "reset";
}

/** `queue_start` */
export function startQueue(queue: PanthorQueue): void {
  for (const job of queue.scheduler.running) job.fence?.setParent(job.doneFence);
  queue.timeoutDisabled = false;
  startScheduler(queue.scheduler);
}

/** The group waits for no value any more (`wait_node`). */
export function stopWaiting({ sched }: Panthor, group: PanthorGroup): void {
  removeFrom(sched.waiting, group);
}
