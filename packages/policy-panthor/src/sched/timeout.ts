import type { Panthor } from "../device.ts";
import { beginsAnew } from "../history/defects.ts";
import { JOB_TIMEOUT_NS, type PanthorQueue } from "./group.ts";

/*
 * The clock of a queue: it runs while its group is in a slot and the queue has something to do. On a machine without
 * timeouts it stands still.
 */

/** `queue_resume_timeout` */
export function resumeTimeout(panthor: Panthor, queue: PanthorQueue): void {
  if (queue.remaining === null) return;
  expireIn(panthor, queue, queue.remaining);
  queue.remaining = null;
}

/** There was progress: the time begins anew (`queue_reset_timeout_locked`). */
export function resetTimeout(panthor: Panthor, queue: PanthorQueue): void {
  if (beginsAnew(panthor, queue)) expireIn(panthor, queue, JOB_TIMEOUT_NS);
}

/**
 * The clock stops (`queue_suspend_timeout_locked`), but for a queue that only somebody outside of its group can help: that
 * is given its time, and no more.
 */
export function suspendTimeout(panthor: Panthor, queue: PanthorQueue): void {
  if (queue.remaining !== null) return;
  const { group, index, inFlight } = queue;
  const blocked = (group.blockedQueues & (1 << index)) !== 0;
  if (inFlight.length > 0 && group.canRun && blocked && group.isIdle) return;
  const wasPending = queue.timeout.cancel() || !runs(panthor, queue);
  queue.remaining =
    !wasPending || inFlight.length === 0 || !has(panthor)
      ? JOB_TIMEOUT_NS
      : Math.max(0, queue.expires - panthor.machine.now);
  queue.expires = 0;
}

function expireIn(panthor: Panthor, queue: PanthorQueue, ns: number): void {
  if (!has(panthor)) return;
  queue.expires = panthor.machine.now + ns;
  if (runs(panthor, queue)) queue.timeout.modify(ns);
}

function runs(panthor: Panthor, queue: PanthorQueue): boolean {
  return has(panthor) && !queue.timeoutDisabled;
}

function has({ machine }: Panthor): boolean {
  return machine.options.timeouts === true;
}
