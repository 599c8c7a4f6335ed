import type { Holder } from "@gpuvm/core";
import type { Machine } from "../../machine/machine.ts";
import { CountedFence, type JobFences } from "../counted-fence.ts";

/** A scheduler, as far as its jobs and their fences care. */
export interface OnMachine {
  /** The machine. */
  readonly machine: Machine;
}

/**
 * The fences of one job (`struct drm_sched_fence`): `scheduled` signals when the job was given to the hardware, `finished`
 * when that is done with it. `finished` holds `scheduled`, which holds the hardware's own fence.
 */
export class SchedFence implements JobFences {
  /** Whose job it is of. */
  readonly scheduler: OnMachine;
  /** Signals when the job was run, or given up. */
  readonly scheduled: CountedFence;
  /** Signals when the job is done. */
  readonly finished: CountedFence;
  /** The hardware's fence; null before the job was run. Counted. */
  parent: CountedFence | null = null;
  /** How `finished` holds `scheduled`, in findings. */
  readonly #name: string;

  /** Unsignalled fences (`drm_sched_fence_init`); `holder` has one reference on `finished`. */
  constructor(
    scheduler: OnMachine,
    contexts: { readonly scheduled: number; readonly finished: number },
    seqno: number,
    holder: Holder,
  ) {
    const { machine } = scheduler;
    const { dev } = machine;
    this.scheduler = scheduler;
    const audited = dev.ledger !== null;
    const name = audited ? `fence#${dev.serial()}` : "";
    this.#name = name;
    const begun = machine.fence(contexts.scheduled, seqno);
    this.scheduled = new CountedFence(dev, begun, audited ? `${name} (scheduled)` : "", name, null, this);
    this.finished = new CountedFence(dev, machine.fence(contexts.finished, seqno), name, holder, null, this);
  }

  /** `drm_sched_fence_release_finished`, `drm_sched_fence_release_scheduled` */
  released(fence: CountedFence): void {
    if (fence === this.finished) this.scheduled.put(this.#name);
    else this.setParent(null);
  }

  /** The hardware's fence becomes another one, or none (`drm_sched_fence_set_parent`). */
  setParent(parent: CountedFence | null): void {
    parent?.get(this.scheduled);
    this.parent?.put(this.scheduled);
    this.parent = parent;
  }

  /** The job was given to the hardware, or given up (`drm_sched_fence_scheduled`). */
  setScheduled(parent: CountedFence | null): void {
    if (parent !== null) this.setParent(parent);
    this.scheduled.base.signal();
  }
}
