import { DmaFence } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";

/** A fence of the hardware's (`struct nouveau_fence`). */
class GpuFence extends DmaFence {
  /** Whose it is (`nouveau_fence.channel`). */
  readonly owner: Timeline;

  /** Unsignalled. */
  constructor(owner: Timeline, seqno: number) {
    super(owner.context, seqno);
    this.owner = owner;
  }
}

/** A timeline and its next number (`drm_sched_fence`, `nouveau_fence_chan`). */
export class Timeline {
  readonly machine: Machine;
  readonly context: number;
  /** How many fences there were. */
  seqno = 0;
  /** Its channel was given up: nothing more is done on it (`fctx->killed`). */
  killed = false;
  /** The last fence. */
  last: DmaFence | null = null;

  /** A new timeline. */
  constructor(machine: Machine) {
    this.machine = machine;
    this.context = machine.fenceContext();
  }

  /** The next fence. */
  next(): DmaFence {
    const fence = this.machine.fence(this.context, ++this.seqno);
    this.last = fence;
    return fence;
  }

  /** The next fence, of work on a channel of the GPU's: other channels can wait for it without the CPU. */
  nextOnGpu(): DmaFence {
    const fence = new GpuFence(this, ++this.seqno);
    this.last = fence;
    return fence;
  }
}

/** What sends work to the GPU, in order. */
export interface FenceChannel {
  readonly timeline: Timeline;
}

/** The channel's timeline that a fence is of; undefined: the GPU knows nothing of it. */
export function ownerOf(fence: DmaFence): Timeline | undefined {
  return fence instanceof GpuFence ? fence.owner : undefined;
}
