import { EINVAL, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { type Flusher, preempt } from "@gpuvm/drm-model";
import type { PvrFile } from "../file.ts";
import { createFwObject, destroyFwObject } from "../gem/fw-object.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";
import { putVmContext } from "../vm/vm-life.ts";
import { type JobQueue, queuesOf } from "./job.ts";
import { PvrContext } from "./pvr-context.ts";
import { createQueue, destroyQueue, killQueue } from "./queue-life.ts";

/** Types of jobs that a context takes, by its type (`DRM_PVR_CTX_TYPE_*`): render, compute, transfer. */
const JOBS_OF: readonly (readonly number[])[] = [[0, 1], [2], [3]];

/**
 * `pvr_context_create`: takes a reference on the VM context for as long as the context lives; makes its queues, and then
 * its own object of the firmware's.
 *
 * @returns the context, with a reference of the file's; -EINVAL for an unknown type; -ENOMEM; -ENOSPC
 */
export function* createContext(file: PvrFile, vmCtx: PvrVmContext, type: number): Steps<PvrContext | Errno> {
  const { pvr } = vmCtx;
  const { dev } = pvr;
  const types = JOBS_OF[type];
  if (types === undefined) return -EINVAL;
  yield* preempt(dev, "alloc", "pvr_context_create");
  if (!dev.mayAlloc("pvr_context")) return -ENOMEM;
  const name = `context#${dev.serial()}`;
  vmCtx.get({ name });
  const ctx = new PvrContext(vmCtx, type, file.made, name, releaseContext);
  let ret: Errno = 0;
  for (const job of types) {
    const queue = yield* createQueue(ctx, job, file);
    if (typeof queue === "number") {
      ret = queue;
      break;
    }
    ctx.queues.set(job, queue);
  }
  const fw = ret === 0 ? yield* createFwObject(pvr, 4096, ctx) : ret;
  if (typeof fw === "number") {
    for (const queue of queuesFromLast(ctx)) yield* destroyQueue(queue, true);
    yield* putVmContext(vmCtx, ctx);
    return fw;
  }
  ctx.fw = fw;
  dev.ledger?.get(ctx, file.holder);
  file.made.add(ctx);
  return ctx;
}

/**
 * `pvr_context_destroy`: waits until what its queues have was given to the firmware, or gives it up, and puts the handle's
 * reference.
 */
export function* destroyContext(ctx: PvrContext, by: Flusher, holder: Holder): Steps<void> {
  for (const queue of queuesFromLast(ctx)) yield* killQueue(queue, by);
  yield* ctx.put(holder);
}

/** `pvr_context_release`. */
function* releaseContext(ctx: PvrContext): Steps<void> {
  const { pvr } = ctx;
  ctx.made.delete(ctx);
  for (const queue of queuesFromLast(ctx)) yield* destroyQueue(queue);
  if (ctx.fw !== null) yield* destroyFwObject(pvr, ctx.fw, ctx);
  pvr.trace?.(["context freed", ctx]);
  yield* putVmContext(ctx.vmCtx, ctx);
}

/** The fragment queue before the geometry queue. */
function queuesFromLast(ctx: PvrContext): JobQueue[] {
  return queuesOf(ctx).reverse();
}
