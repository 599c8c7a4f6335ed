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
 * A fence of a queue (`pvr_queue_fence_init`): holds the queue's context until its last reference goes; a worker puts that
 * then (`pvr_queue_fence_release_work`).
 */
export function newQueueFence(ctx: PvrContext, timeline: FenceTimeline, holder: Holder): CountedFence {
  const { machine, dev } = ctx.pvr;
  const self = { name: dev.ledger === null ? "" : `fence#${dev.serial()} (queue)` };
  ctx.get(self);
  const base = machine.fence(timeline.context, ++timeline.seqno, false);
  return new CountedFence(dev, base, self.name, holder, () => {
    const put = () => ctx.put(self);
    rulesOf(ctx.pvr).putContextOfFence(put, () => machine.queueWork("pvr_queue_fence_release_work", put));
  });
}
