import type { Holder } from "@gpuvm/core";
import { CountedFence } from "@gpuvm/drm-model";
import { rulesOf } from "../history/rules.ts";
import type { PvrContext } from "./pvr-context.ts";

/** A timeline of a queue's own fences (`struct pvr_queue_fence_ctx`). */
export interface FenceTimeline {
  readonly context: number;
  seqno: number;
}

/**
 * A fence of a queue: holds the queue's context until its last reference goes; a worker puts that then
 * (`pvr_queue_fence_release_work`).
 */
export class QueueFence extends CountedFence {
  readonly ctx: PvrContext;

  /** `pvr_queue_fence_init`; `holder` has one reference. */
  constructor(ctx: PvrContext, timeline: FenceTimeline, holder: Holder) {
    const { machine, dev } = ctx.pvr;
    const name = dev.ledger === null ? "" : `fence#${dev.serial()} (queue)`;
    super(dev, machine.fence(timeline.context, ++timeline.seqno, false), name, holder, null);
    this.ctx = ctx;
    ctx.get(this);
  }

  protected override released(): void {
    rulesOf(this.ctx.pvr).putContextOfFence(this);
  }
}

/** The last reference on a fence went: a worker puts its context. */
export function putContextByWorker({ ctx, name }: Pick<QueueFence, "ctx" | "name">): void {
  ctx.pvr.machine.queueWork("pvr_queue_fence_release_work", () => ctx.put(name));
}
