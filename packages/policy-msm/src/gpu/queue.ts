import type { DmaFence, Holder } from "@gpuvm/core";
import { Lock } from "@gpuvm/core";
import { Kref } from "@gpuvm/drm-model";
import type { MsmParts } from "../drv/parts.ts";
import { MSM_SUBMITQUEUE_VM_BIND } from "../drv/uapi.ts";
import type { SchedEntity } from "./sched.ts";

/** A context as far as its queues need it. */
export interface QueueContext {
  /** `context#3`. */
  readonly name: string;
  /** Number of the file. */
  readonly file: number;
  /** The file is closed: submits that are not on the ring yet become empty. */
  readonly closed: boolean;
  /** Its queues, by the program's number. */
  readonly queues: ReadonlyMap<number, { readonly lastBind: DmaFence | null }>;
  /** See `MsmContext.lastSubmit`. */
  lastSubmit: DmaFence | null;
  get(holder: Holder): void;
  put(holder: Holder): void;
}

/** A submitqueue (`struct msm_gpu_submitqueue`): held by its context, and by each submit and bind job of it. */
export class MsmQueue {
  /** `queue#4`. */
  readonly name: string;
  /** The program's number. */
  readonly id: number;
  /** `MSM_SUBMITQUEUE_*`. */
  readonly flags: number;
  /** Whose it is; counted. */
  readonly ctx: QueueContext;
  /** Serialises the submits, or binds, of the queue (`queue->lock`). */
  readonly lock: Lock;
  /** Fences of submits in flight by the program's numbers (`fence_idr`). */
  readonly fences: Map<number, DmaFence> = new Map();
  /** Hangs of its submits (`MSM_SUBMITQUEUE_PARAM_FAULTS`). */
  faults = 0;
  /** Number of the last submit (`last_fence`). */
  lastFence = 0;
  /** Where its jobs wait: shared by all queues of the context with its ring and priority, or its own for binds. */
  readonly entity: SchedEntity;
  /** Which ring its submits go to (`ring_nr`). */
  readonly ringNr: number;
  /** The model's: the last submit's fence. */
  lastSubmit: DmaFence | null = null;
  /** The model's: the last bind job's fence, which a program passes on to its next submit. */
  lastBind: DmaFence | null = null;
  readonly #refs: Kref;

  /** A queue with one reference, the context's (`msm_submitqueue_create`). */
  constructor(
    msm: MsmParts,
    ctx: QueueContext,
    id: number,
    flags: number,
    ringNr: number,
    entity: SchedEntity,
  ) {
    const { dev } = msm;
    this.name = `queue#${dev.serial()}`;
    this.id = id;
    this.flags = flags;
    this.ctx = ctx;
    ctx.get(this);
    this.#refs = new Kref(dev, this.name, ctx, () => ctx.put(this));
    this.lock = new Lock(`lock of ${this.name}`, "msm_queue", dev.lockdep);
    this.ringNr = ringNr;
    this.entity = entity;
  }

  /** `MSM_SUBMITQUEUE_VM_BIND`: for binds only. */
  get vmBind(): boolean {
    return (this.flags & MSM_SUBMITQUEUE_VM_BIND) !== 0;
  }

  /** Takes a reference (`msm_submitqueue_get`). */
  get(holder: Holder): this {
    this.#refs.get(holder);
    return this;
  }

  /** Drops a reference (`msm_submitqueue_put`). */
  put(holder: Holder): void {
    this.#refs.put(holder);
  }
}
