import { type DmaFence, ECANCELED, USAGE_BOOKKEEP, USAGE_KERNEL } from "@gpuvm/core";
import type { Xe } from "../device.ts";
import { kernelJobTimedOut } from "../exec/queue-kill.ts";
import { MIGRATE, type RingJob } from "../exec/ring.ts";
import { enableSignaling } from "../preempt/preempt-fence.ts";
import type { XeBo } from "./bo.ts";
import type { Place } from "./lru.ts";

/**
 * The GPU copies an object's memory to another place (`xe_migrate_copy`), after everything that uses it.
 *
 * @returns the fence of the copy, on the object's dma_resv as one of memory management
 */
export function copyBo(xe: Xe, bo: XeBo, from: Place, to: Place): DmaFence {
  xe.onEvent?.(["copy", bo, from, to]);
  for (const { fence } of bo.resv.pending()) enableSignaling(fence);
  return submit(xe, bo, USAGE_BOOKKEEP);
}

/** The GPU clears an object's new memory (`xe_migrate_clear`). Nobody uses it yet: only moves are waited for. */
export function clearBo(xe: Xe, bo: XeBo, to: Place): DmaFence {
  xe.onEvent?.(["clear bo", bo, to]);
  return submit(xe, bo, USAGE_KERNEL);
}

function submit(xe: Xe, bo: XeBo, waitsFor: number): DmaFence {
  const { machine, migrate } = xe;
  const fence = machine.fence(migrate.entity.context, ++migrate.seqno);
  if (xe.copiesAtOnce) {
    fence.signal();
    return fence;
  }
  const after: DmaFence[] = [];
  for (const pending of bo.resv.pending()) if (pending.usage <= waitsFor) after.push(pending.fence);
  bo.resv.reserve(1);
  bo.resv.addFence(fence, USAGE_KERNEL);
  const job: RingJob = {
    fence,
    uses: undefined,
    endless: false,
    karma: 0,
    beginsAt: Number.POSITIVE_INFINITY,
    timer: null,
    signal: (error = 0) => fence.signal(error),
    stopped: () => false,
    killed: () => xe.wedged.flag,
    begins() {},
    retire() {},
    givenUp: () =>
      xe.gt.orderedWq.queue(function* () {
        xe.ring(MIGRATE).finish(job, -ECANCELED);
      }),
    timesOut: () => kernelJobTimedOut(xe, job),
  };
  xe.ring(MIGRATE).submit(job, migrate.entity, after);
  return fence;
}
