import { type Counted, EINVAL, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { createFwObject, destroyFwObject, type PvrFwObject } from "../gem/fw-object.ts";
import { type PvrVmContext, putVmContext } from "../vm/vm-context.ts";
import type { PvrFence } from "./fence.ts";

/** Types of context (`DRM_PVR_CTX_TYPE_*`), and of the jobs each takes. */
const JOBS_OF: readonly (readonly number[])[] = [[0, 1], [2], [3]];

/**
 * A context of the GPU with its queues (`struct pvr_context`). The file's handle holds it, and so do each job and each
 * fence of its queues; it holds its VM context.
 */
export class PvrContext implements Counted {
  readonly pvr: PvrDevice;
  readonly vmCtx: PvrVmContext;
  /** `DRM_PVR_CTX_TYPE_*`: 0 render, 1 compute, 2 transfer. */
  readonly type: number;
  readonly fw: PvrFwObject;
  /** Timelines of its queues, by type of job. */
  readonly timelines: ReadonlyMap<number, { readonly context: number; seqno: number }>;
  /** The file's list of the contexts that it made and that live (`file_link`); not counted. */
  readonly made: Set<PvrContext>;
  /** The fence of its last job, while that job lives; not counted. */
  latest: PvrFence | null = null;
  /** `ref_count`. */
  refs = 1;
  readonly #id: number;

  /** A context that `holder` has one reference on, and that takes over a reference on its VM context. */
  constructor(
    vmCtx: PvrVmContext,
    type: number,
    made: Set<PvrContext>,
    fw: PvrFwObject,
    id: number,
    holder: Holder,
  ) {
    this.pvr = vmCtx.pvr;
    this.vmCtx = vmCtx;
    this.type = type;
    this.made = made;
    this.fw = fw;
    this.#id = id;
    const { machine, dev } = this.pvr;
    const jobs = JOBS_OF[type] ?? [];
    this.timelines = new Map(jobs.map((job) => [job, { context: machine.fenceContext(), seqno: 0 }]));
    dev.ledger?.get(this, holder);
  }

  /** `context#4`, for findings. */
  get name(): string {
    return contextName(this.#id);
  }

  /** `pvr_context_get`. */
  get(holder: Holder): this {
    this.refs++;
    this.pvr.dev.ledger?.get(this, holder);
    return this;
  }
}

/**
 * `pvr_context_create`: takes a reference on the VM context for as long as the context lives.
 *
 * @returns the context, or -EINVAL for an unknown type, or -ENOMEM
 */
export function* createContext(
  vmCtx: PvrVmContext,
  type: number,
  made: Set<PvrContext>,
  holder: Holder,
): Steps<PvrContext | Errno> {
  const { pvr } = vmCtx;
  const { dev } = pvr;
  if (JOBS_OF[type] === undefined) return -EINVAL;
  yield* preempt(dev, "alloc", "pvr_context_create");
  if (!dev.mayAlloc("pvr_context")) return -ENOMEM;
  const id = dev.serial();
  const self = { name: contextName(id) };
  vmCtx.get(self);
  const fw = yield* createFwObject(pvr, 4096, self);
  if (typeof fw === "number") {
    yield* putVmContext(vmCtx, self);
    return fw;
  }
  const ctx = new PvrContext(vmCtx, type, made, fw, id, holder);
  made.add(ctx);
  return ctx;
}

/** `pvr_context_put`; the last one lets the VM context go (`pvr_context_release`). */
export function* putContext(ctx: PvrContext, holder: Holder): Steps<void> {
  ctx.pvr.dev.ledger?.put(ctx, holder);
  if (--ctx.refs > 0) return;
  ctx.made.delete(ctx);
  yield* destroyFwObject(ctx.pvr, ctx.fw, ctx);
  yield* putVmContext(ctx.vmCtx, ctx);
}

function contextName(id: number): string {
  return `context#${id}`;
}
