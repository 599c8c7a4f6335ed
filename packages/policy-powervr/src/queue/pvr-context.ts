import type { Counted, Holder, Steps } from "@gpuvm/core";
import type { PvrDevice } from "../device.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";

/** A queue, as its context knows it; `job.ts` knows what it is. */
export interface ContextQueue {
  /** `DRM_PVR_JOB_TYPE_*`. */
  readonly type: number;
}

/**
 * A context of the GPU with its queues (`struct pvr_context`). The file's handle holds it, and so do each job and each
 * fence of its queues; it holds its VM context.
 */
export class PvrContext implements Counted {
  readonly pvr: PvrDevice;
  readonly vmCtx: PvrVmContext;
  /** `DRM_PVR_CTX_TYPE_*`: 0 render, 1 compute, 2 transfer. */
  readonly type: number;
  /** `context#4`, for findings. */
  readonly name: string;
  /** By type of job, in the order of their creation. */
  readonly queues: Map<number, ContextQueue> = new Map();
  /** What the firmware knows of it (`fw_obj`); its dma_resv serialises submits. */
  fw: PvrFwObject | null = null;
  /** The file's list of the contexts that it made and that live (`file_link`); not counted. */
  readonly made: Set<PvrContext>;
  /** Work of it hung: no more is taken, and what is queued is cancelled (`faulty`). */
  faulty = false;
  /** Jobs of one call are being submitted to it. */
  submitting = false;
  /** `ref_count`. */
  refs = 1;
  readonly release: (ctx: PvrContext) => Steps<void>;

  /** A context without queues, that takes over a reference on its VM context in its own name. */
  constructor(
    vmCtx: PvrVmContext,
    type: number,
    made: Set<PvrContext>,
    name: string,
    release: (ctx: PvrContext) => Steps<void>,
  ) {
    this.pvr = vmCtx.pvr;
    this.vmCtx = vmCtx;
    this.type = type;
    this.made = made;
    this.name = name;
    this.release = release;
  }

  /** `pvr_context_get`. */
  get(holder: Holder): this {
    this.refs++;
    this.pvr.dev.ledger?.get(this, holder);
    return this;
  }

  /** `pvr_context_put`; the last one lets everything go. */
  *put(holder: Holder): Steps<void> {
    this.pvr.dev.ledger?.put(this, holder);
    if (--this.refs === 0) yield* this.release(this);
  }
}
