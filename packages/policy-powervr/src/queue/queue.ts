import type { DmaFence } from "@gpuvm/core";
import { type CountedFence, DrmScheduler, SchedEntity, type SchedJob, type SchedOps } from "@gpuvm/drm-model";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import type { Cccb } from "./cccb.ts";
import type { PvrContext } from "./pvr-context.ts";
import type { FenceTimeline } from "./queue-fence.ts";

/** `SCHED_TIMEOUT_PERIOD`: twice the deadline that the firmware is given. */
const TIMEOUT_NS = 60e9;

/** The firmware's objects of a queue. */
export interface QueueObjects {
  readonly cccb: Cccb;
  readonly regState: PvrFwObject;
  readonly timelineUfo: PvrFwObject;
}

/** A queue of a context, for one type of jobs (`struct pvr_queue`): a scheduler with one entity. */
export class PvrQueue<J extends SchedJob = SchedJob> {
  readonly ctx: PvrContext;
  /** `DRM_PVR_JOB_TYPE_*`. */
  readonly type: number;
  /** How it holds fences, in findings. */
  readonly name: string;
  readonly objects: QueueObjects;
  readonly scheduler: DrmScheduler<J>;
  readonly entity: SchedEntity<J>;
  /** Timelines of fences: of jobs, and of waits for room in the CCCB. */
  readonly jobFences: FenceTimeline;
  readonly cccbFences: FenceTimeline;
  /** The job that waits for room in the CCCB; counted (`cccb_fence_ctx.job`). */
  waitsForRoom: J | null = null;
  /** The last job that the firmware has done, by its number on the timeline (`timeline_ufo.value`). */
  doneSeqno = 0;
  /** Jobs in the CCCB that are not done (`in_flight_job_count`). */
  inFlight = 0;
  /** The scheduled fence of the job that was queued last; counted (`last_queued_job_scheduled_fence`). */
  lastQueued: CountedFence | null = null;
  /** What the hardware keeps: the last job that it has not done. */
  lastOnHardware: DmaFence | null = null;
  readonly hardwareContext: number;
  submitted = 0;

  /** An empty queue. */
  constructor(
    ctx: PvrContext,
    type: number,
    name: string,
    objects: QueueObjects,
    ops: SchedOps<J>,
    user: unknown,
  ) {
    const { machine } = ctx.pvr;
    this.ctx = ctx;
    this.type = type;
    this.name = name;
    this.objects = objects;
    this.jobFences = { context: machine.fenceContext(), seqno: 0 };
    this.cccbFences = { context: machine.fenceContext(), seqno: 0 };
    this.hardwareContext = machine.fenceContext();
    this.scheduler = new DrmScheduler(machine, { name: "pvr-queue", ops, timeoutNs: TIMEOUT_NS });
    this.entity = new SchedEntity(name, this.scheduler, user, ctx);
  }
}
