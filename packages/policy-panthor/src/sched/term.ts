import { ECANCELED, EINVAL, ETIMEDOUT, type Steps } from "@gpuvm/core";
import type { Panthor } from "../device.ts";
import { signalDone } from "./completion.ts";
import type { PanthorGroup, PanthorJob } from "./group.ts";
import { putJob } from "./job.ts";

/**
 * The end of a group's work (`group_term_post_processing`): nothing of it is in a slot any more, what was in its ring
 * buffers ends with an error: -EINVAL in a broken queue, -ETIMEDOUT, or -ECANCELED.
 */
export function* terminated(panthor: Panthor, group: PanthorGroup): Steps<void> {
  const { sched, machine } = panthor;
  if (group.canRun) machine.dev.warn(`${group.kref.name} is given up, but it can run`);
  else {
    const ended: PanthorJob[] = [];
    for (const queue of group.queues) {
      const fatal = (group.fatalQueues & (1 << queue.index)) !== 0;
      const error = fatal ? -EINVAL : group.timedout ? -ETIMEDOUT : -ECANCELED;
      for (const job of queue.inFlight.splice(0)) {
        signalDone(job, error);
        ended.push(job);
      }
      queue.done = queue.seqno;
      sched.queueSyncUpdate();
    }
    for (const job of ended) putJob(panthor, job, group.kref);
  }
  group.kref.put(group.holderOf(group.termWork));
}
