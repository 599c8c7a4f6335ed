import { ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import type { Flusher } from "@gpuvm/drm-model";
import { createFwObject, destroyFwObject, unmapAndDestroyFwObject } from "../gem/fw-object.ts";
import { createCccb, destroyCccb } from "./cccb.ts";
import type { JobQueue } from "./job.ts";
import type { PvrContext } from "./pvr-context.ts";
import { PvrQueue } from "./queue.ts";
import { QUEUE_OPS } from "./queue-ops.ts";

/** `pvr_queue_create`: four objects of the firmware's, then scheduler and entity; -ENOMEM or -ENOSPC. */
export function* createQueue(ctx: PvrContext, type: number, user: unknown): Steps<JobQueue | Errno> {
  const { pvr } = ctx;
  const { dev } = pvr;
  if (!dev.mayAlloc("pvr_queue")) return -ENOMEM;
  const name = `queue#${dev.serial()}`;
  const self = { name };
  const cccb = yield* createCccb(pvr, self);
  if (typeof cccb === "number") return cccb;
  const regState = yield* createFwObject(pvr, 4096, self);
  if (typeof regState === "number") {
    yield* destroyCccb(pvr, cccb, self);
    return regState;
  }
  const timelineUfo = yield* createFwObject(pvr, 4096, self, "mapped");
  if (typeof timelineUfo === "number") {
    yield* destroyFwObject(pvr, regState, self);
    yield* destroyCccb(pvr, cccb, self);
    return timelineUfo;
  }
  const queue = new PvrQueue(ctx, type, name, { cccb, regState, timelineUfo }, QUEUE_OPS, user);
  pvr.queues.add(queue);
  return queue;
}

/**
 * Nothing is queued any more (`pvr_queue_kill`): waits until what was queued is scheduled, or gives it up, and breaks the
 * loop of the queue's last fences, which hold its context.
 */
export function* killQueue(queue: JobQueue, by: Flusher): Steps<void> {
  yield* queue.entity.destroy(by);
  queue.lastQueued?.put(queue);
  queue.lastQueued = null;
}

/** `pvr_queue_destroy`; of a queue that was never killed, `entity` too. */
export function* destroyQueue(queue: JobQueue, entity = false): Steps<void> {
  const { pvr } = queue.ctx;
  const { cccb, regState, timelineUfo } = queue.objects;
  pvr.queues.delete(queue);
  queue.scheduler.fini();
  if (entity) yield* queue.entity.fini();
  if (queue.lastQueued !== null) pvr.dev.warn("pvr_queue_destroy of a queue that was not killed");
  if (!entity) pvr.trace?.(["cleanup", "ctx"]);
  yield* unmapAndDestroyFwObject(pvr, timelineUfo, queue);
  yield* destroyFwObject(pvr, regState, queue);
  yield* destroyCccb(pvr, cccb, queue);
}
