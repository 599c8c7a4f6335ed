import { type DmaFence, ECANCELED, ListNode, type Steps, USAGE_BOOKKEEP, USAGE_KERNEL } from "@gpuvm/core";
import type { Timer } from "@gpuvm/drm-model";
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
  xe.ring(MIGRATE).submit(new CopyJob(xe, fence), migrate.entity, after);
  return fence;
}

/** A copy of the driver's own, which nobody waits for as for a program's. */
class CopyJob implements RingJob {
  readonly fence: DmaFence;
  readonly uses = undefined;
  readonly endless = false;
  karma = 0;
  beginsAt = Number.POSITIVE_INFINITY;
  timer: Timer | null = null;
  readonly onRing: ListNode<RingJob> = new ListNode<RingJob>(this);
  readonly #xe: Xe;

  constructor(xe: Xe, fence: DmaFence) {
    this.#xe = xe;
    this.fence = fence;
  }

  signal(error = 0): void {
    this.fence.signal(error);
  }

  stopped(): boolean {
    return false;
  }

  killed(): boolean {
    return this.#xe.wedged.flag;
  }

  begins(): void {}

  retire(): void {}

  givenUp(): void {
    const { gt } = this.#xe;
    gt.orderedWq.queue(() => this.#end());
  }

  timesOut(): void {
    kernelJobTimedOut(this.#xe, this);
  }

  *#end(): Steps<void> {
    this.#xe.ring(MIGRATE).finish(this, -ECANCELED);
  }
}
