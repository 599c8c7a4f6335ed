import type { Counted, DmaFence, DrmDevice, Holder } from "@gpuvm/core";
import { comesToLife, dies } from "../machine/kref.ts";
import { dropRef, takeRef } from "../machine/references.ts";

/** The fences of one job of a scheduler, as each of them knows the other; `SchedFence` is the only one. */
export interface JobFences {
  /** Whose job it is of. */
  readonly scheduler: object;
  /** Signals when the job was given to the hardware. */
  readonly scheduled: CountedFence;
  /** Signals when the job is done. */
  readonly finished: CountedFence;
  /** The hardware's fence; null before the job was run. */
  readonly parent: CountedFence | null;
  /** The last reference on one of the two went. */
  released(fence: CountedFence): void;
}

/**
 * A fence with its count (`struct dma_fence`), where it matters who keeps one: a fence can hold what made it, long after
 * it has signalled.
 */
export class CountedFence implements Counted {
  /** The point on a timeline: what others wait for. */
  readonly base: DmaFence;
  /** `fence#7`, for findings. */
  readonly name: string;
  /** References. */
  refs = 1;
  /** The scheduler's fence that it is a part of (`to_drm_sched_fence`), or null. */
  readonly sched: JobFences | null;
  /** The device. */
  readonly dev: DrmDevice;
  /** Runs when the last reference goes; null: nothing does, or `sched` is told. */
  readonly onRelease: (() => void) | null;

  /** One reference, held by `holder`. `onRelease`, or `sched`, is told when the last one goes (`dma_fence_ops.release`). */
  constructor(
    dev: DrmDevice,
    base: DmaFence,
    name: string,
    holder: Holder,
    onRelease: (() => void) | null,
    sched: JobFences | null = null,
  ) {
    this.dev = dev;
    this.base = base;
    this.name = name;
    this.onRelease = onRelease;
    this.sched = sched;
    if (dev.quarantine) comesToLife(dev, this);
    dev.ledger?.get(this, holder);
  }

  /**
   * Takes a reference (`dma_fence_get`).
   *
   * @throws GpuvmError `USE_AFTER_FREE` if there is none left to copy.
   */
  get(holder: Holder): this {
    takeRef(this, this.dev, holder);
    return this;
  }

  /**
   * Drops a reference (`dma_fence_put`).
   *
   * @throws GpuvmError `REFCOUNT` if there was none.
   */
  put(holder: Holder): void {
    if (!dropRef(this, this.dev, holder)) return;
    if (this.dev.quarantine) dies(this.dev, this);
    if (this.sched !== null) this.sched.released(this);
    else this.released();
  }

  /** The last reference went (`dma_fence_ops.release`); a class of a driver's own has it do something. */
  protected released(): void {
    this.onRelease?.();
  }
}
