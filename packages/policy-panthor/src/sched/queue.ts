import type { Steps } from "@gpuvm/core";
import { DrmScheduler } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { kernelBoDestroy } from "../gem/kernel-bo.ts";
import { checkCompletion } from "./completion.ts";
import { type PanthorGroup, type PanthorJob, PanthorQueue } from "./group.ts";
import { putJob } from "./job.ts";
import { runJob, timedoutJob } from "./run-job.ts";
import { putSyncwait } from "./syncwait.ts";

/** A queue with a scheduler of its own, and no memory yet. */
export function newQueue(
  panthor: Panthor,
  group: PanthorGroup,
  index: number,
  ringBytes: number,
): PanthorQueue {
  const scheduler = new DrmScheduler<PanthorJob>(panthor.machine, {
    name: "panthor queue",
    // One credit an instruction.
    creditLimit: ringBytes / 8,
    ops: {
      runJob: (job) => runJob(panthor, job),
      freeJob: (job) => freeJob(panthor, job),
      timedoutJob: (job) => timedoutJob(panthor, job),
    },
  });
  return new PanthorQueue(panthor.machine, group, index, scheduler, (queue) => timeoutWork(panthor, queue));
}

/** `queue_free_job` */
function* freeJob(panthor: Panthor, job: PanthorJob): Steps<void> {
  putJob(panthor, job, job.scheduled);
}

/** `queue_timeout_work`: with progress it was a false alarm. */
function* timeoutWork(panthor: Panthor, queue: PanthorQueue): Steps<void> {
  if (!checkCompletion(panthor, queue)) queue.scheduler.fault();
}

/** The queue goes (`group_free_queue`). No job is left: each holds the group. */
export function* freeQueue(panthor: Panthor, queue: PanthorQueue): Steps<void> {
  queue.timeoutDisabled = true;
  queue.timeout.cancel();
  yield* queue.entity.destroy({ process: null, exiting: false, killed: false });
  queue.scheduler.fini();
  yield* putSyncwait(panthor, queue);
  // From here on nothing else of the queue decides anything.
  const { lastFence, memory, entity } = queue;
  const { name } = entity;
  queue.lastFence = null;
  for (const kbo of memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);
  lastFence?.put(name);
}
