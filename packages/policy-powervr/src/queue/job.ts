import type { Steps } from "@gpuvm/core";
import { type CountedFence, SchedJob } from "@gpuvm/drm-model";
import { type Draws, type PvrHwrtData, putHwrt } from "../tiler/hwrt.ts";
import type { PvrContext } from "./pvr-context.ts";
import type { PvrQueue } from "./queue.ts";

/** `DRM_PVR_JOB_TYPE_*`. */
export const GEOMETRY = 0;
/** See {@link GEOMETRY}. */
export const FRAGMENT = 1;

/** A job (`struct pvr_job`): holds its context, its fences, and the render target it draws to. */
export class PvrJob extends SchedJob {
  readonly ctx: PvrContext;
  readonly queue: JobQueue;
  readonly type: number;
  readonly hwrt: PvrHwrtData | null;
  /** `ref_count`: its submit's until that is over, its entity's, its paired job's. */
  refs = 1;
  /** The other job of a pair that is submitted together; the fragment job holds the geometry job. */
  paired: PvrJob | null = null;
  /** Signals when the firmware says that the job is done; null: allocated, but not initialised. */
  doneFence: CountedFence | null = null;
  /** Room in the CCCB may be waited for (`cccb_fence`): `null` it need not, there is room. */
  cccbFence: CountedFence | "allocated" | null = "allocated";
  /** It was given to the firmware (`has_pm_ref`). */
  hasPmRef = false;
  /** Where the firmware is in the CCCB when the job is done. */
  endOffset = 0;
  /** On a machine that watches: jobs that are to have drawn to its render target when it begins. */
  behind: readonly Draws[] = [];

  /** A job that has its references on context and render target. */
  constructor(name: string, queue: JobQueue, hwrt: PvrHwrtData | null) {
    super(name, queue.entity);
    this.queue = queue;
    this.ctx = queue.ctx;
    this.type = queue.type;
    this.hwrt = hwrt;
  }
}

/** `pvr_job_put`; the last one lets go of everything (`pvr_job_release`). */
export function* putJob(job: PvrJob): Steps<void> {
  const { pvr } = job.ctx;
  if (job.refs <= 0) {
    pvr.machine.hazard("count-underflow", job.name, `${job.name} is put, and has no reference left`);
    return;
  }
  if (--job.refs > 0) return;
  pvr.trace?.(["job freed", job]);
  if (job.hwrt !== null) yield* putHwrt(pvr, job.hwrt.dataset, job);
  yield* job.ctx.put(job);
  job.doneFence?.put(job);
  if (job.cccbFence !== null && job.cccbFence !== "allocated") job.cccbFence.put(job);
  job.cleanup();
}

/** A queue with what it has jobs of. */
export type JobQueue = PvrQueue<PvrJob>;

/** The queues of a context, in the order of their creation. */
export function queuesOf(ctx: PvrContext): JobQueue[] {
  return [...ctx.queues.values()] as JobQueue[];
}

/** The queue of a context for a type of jobs. */
export function queueOf(ctx: PvrContext, type: number): JobQueue | undefined {
  return ctx.queues.get(type) as JobQueue | undefined;
}
