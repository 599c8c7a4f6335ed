import { type Holder, STRAIGHT } from "@gpuvm/core";
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
  /** Signals when the job is done. */
  readonly finished: CountedFence;
  /** The hardware's fence; null before the job was run. Counted. */
  parent: CountedFence | null = null;
  /** How `finished` holds `scheduled`, in findings. */
  readonly #name: string;
  /** Null: nobody has asked for it. */
  #scheduled: CountedFence | null = null;
  readonly #context: number;
  #begun = false;

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
    this.#context = contexts.scheduled;
    if (!STRAIGHT) this.#scheduled = this.#makeScheduled(seqno);
    this.finished = new CountedFence(dev, machine.fence(contexts.finished, seqno), name, holder, null, this);
  }

  /** Signals when the job was run, or given up. Where nobody looks on it is made for who asks: hardly a job's is asked for. */
  get scheduled(): CountedFence {
    if (this.#scheduled !== null) return this.#scheduled;
    const scheduled = this.#makeScheduled(this.finished.base.seqno);
    if (this.#begun) scheduled.base.signal();
    // `finished` held it.
    if (this.finished.refs === 0) scheduled.refs = 0;
    this.#scheduled = scheduled;
    return scheduled;
  }

  #makeScheduled(seqno: number): CountedFence {
    const { machine } = this.scheduler;
    const base = machine.fence(this.#context, seqno);
    const name = this.#name === "" ? "" : `${this.#name} (scheduled)`;
    return new CountedFence(machine.dev, base, name, this.#name, null, this);
  }

  /** `drm_sched_fence_release_finished`, `drm_sched_fence_release_scheduled` */
  released(fence: CountedFence): void {
    if (fence === this.finished && this.#scheduled !== null) this.#scheduled.put(this.#name);
    else this.setParent(null);
  }

  /** The hardware's fence becomes another one, or none (`drm_sched_fence_set_parent`). */
  setParent(parent: CountedFence | null): void {
    const holder = this.#scheduled ?? this.#name;
    parent?.get(holder);
    this.parent?.put(holder);
    this.parent = parent;
  }

  /** The job was given to the hardware, or given up (`drm_sched_fence_scheduled`). */
  setScheduled(parent: CountedFence | null): void {
    if (parent !== null) this.setParent(parent);
    this.#begun = true;
    this.#scheduled?.base.signal();
  }
}
