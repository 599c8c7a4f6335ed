import type { DmaFence, Errno, Steps } from "@gpuvm/core";
import {
  type CountedFence,
  type InUse,
  noteUse,
  type SchedEntity,
  type SchedFence,
  type SchedOps,
  startScheduler,
  stopScheduler,
} from "@gpuvm/drm-model";
import { rulesOf } from "../history/rules.ts";
import { jobCommandsSize } from "./cccb.ts";
import { Drawing, notGivenTooEarly } from "./in-order.ts";
import { FRAGMENT, GEOMETRY, type PvrJob, putJob } from "./job.ts";
import { nativeFence, remainingNativeDeps } from "./native-deps.ts";
import { jobIsDone, processQueue } from "./queue-done.ts";
import { QueueFence } from "./queue-fence.ts";

/** The scheduler's callbacks of every queue (`pvr_queue_sched_ops`). */
export const QUEUE_OPS: SchedOps<PvrJob> = { prepareJob, runJob, freeJob, timedoutJob };

/** `pvr_queue_prepare_job`: makes the job's own fence, and waits for room in the CCCB and for the other job of a pair. */
function prepareJob(job: PvrJob, entity: SchedEntity<PvrJob>): CountedFence | null {
  if (job.type === FRAGMENT && job.paired !== null) {
    lookAtPaired(job.paired);
    // It went to the firmware together with its geometry job.
    if (job.hasPmRef) return null;
  }
  initDoneFence(job);
  return roomFence(job, entity) ?? pairedFragmentDep(job, entity);
}

/** A fragment job reads what its geometry job is. */
function lookAtPaired(geometry: PvrJob): void {
  if (geometry.refs > 0) return;
  const what = `${geometry.name} was freed, and the fragment job that it was paired with looks at it`;
  geometry.ctx.pvr.machine.hazard("use-after-free", geometry.name, what);
}

/** `pvr_queue_job_fence_init`. */
function initDoneFence(job: PvrJob): void {
  if (job.doneFence === null) job.doneFence = new QueueFence(job.ctx, job.queue.jobFences, job);
  else rulesOf(job.ctx.pvr).initFenceAgain(job.ctx);
}

/** `pvr_queue_get_job_cccb_fence`: what signals when there is room; null: there is. */
function roomFence(job: PvrJob, entity: SchedEntity<PvrJob>): CountedFence | null {
  const { queue } = job;
  if (job.cccbFence === null) return null;
  if (queue.objects.cccb.fits(jobCommandsSize(job.type, remainingNativeDeps(job)))) {
    if (job.cccbFence !== "allocated") job.cccbFence.put(job);
    job.cccbFence = null;
    return null;
  }
  job.refs++;
  queue.waitsForRoom = job;
  if (job.cccbFence === "allocated") job.cccbFence = new QueueFence(job.ctx, queue.cccbFences, job);
  return job.cccbFence.get(entity);
}

/** `pvr_queue_get_paired_frag_job_dep`: a geometry job waits for what its fragment job waits for, too. */
function pairedFragmentDep(job: PvrJob, entity: SchedEntity<PvrJob>): CountedFence | null {
  const fragment = job.type === GEOMETRY ? job.paired : null;
  if (fragment === null) return null;
  const own = (job.fence as SchedFence).scheduled;
  for (const fence of fragment.dependencies) {
    if (fence === null || fence.base.signaled || fence === own) continue;
    return fence.get(entity);
  }
  initDoneFence(fragment);
  return roomFence(fragment, entity);
}

/** `pvr_queue_run_job`: to the CCCB; a geometry job takes the fragment job of its pair along. */
function* runJob(job: PvrJob): Steps<CountedFence | Errno> {
  const done = job.doneFence as CountedFence;
  const { paired } = job;
  const { pvr } = job.ctx;
  if (paired !== null && job.type === FRAGMENT) {
    // It may be done already: it was not on the scheduler's list then.
    if (job.queue.doneSeqno >= done.base.seqno) pvr.hardware.nextEvent?.(() => processQueue(job.queue));
    return done;
  }
  submitToCccb(job);
  if (paired !== null) submitToCccb(paired);
  pvr.trace?.(["kick", paired === null ? "" : "geom+frag"]);
  return done;
}

/** `pvr_queue_submit_job_to_cccb`. */
function submitToCccb(job: PvrJob): void {
  const { queue, paired } = job;
  const { pvr } = job.ctx;
  notGivenTooEarly(job);
  queue.inFlight++;
  job.hasPmRef = true;
  const waits: DmaFence[] = [];
  for (const dependency of job.dependencies) {
    const fence = nativeFence(dependency);
    if (fence !== null && !fence.base.signaled) waits.push(fence.base);
  }
  if (job.type === FRAGMENT && paired?.doneFence) waits.push(paired.doneFence.base);
  job.endOffset = queue.objects.cccb.write(jobCommandsSize(job.type, waits.length));
  pvr.trace?.(["to cccb", job]);
  // The scheduler knows of it as of a job of the hardware's: of a pair that is the geometry job.
  const own = job.type !== FRAGMENT || paired === null;
  const uses = own && pvr.machine.options.watch === true ? noteWork(job) : undefined;
  pvr.hardware.submit(
    queue,
    waits,
    () => jobIsDone(queue, job),
    job.hwrt === null ? uses : new Drawing(job, uses),
  );
}

/** Nothing is locked or fenced for it: it is the program's affair what is mapped while it runs, but not the tables. */
function noteWork({ ctx, fence }: PvrJob): InUse | undefined {
  const view = { vm: ctx.vmCtx.record, keeps: "now", settled: false, saysDone: true } as const;
  return noteUse(ctx.pvr.machine, (fence as SchedFence).finished.base, view);
}

/** `pvr_queue_free_job`. */
function* freeJob(job: PvrJob): Steps<void> {
  const { paired } = job;
  job.cleanup();
  job.paired = null;
  if (job.type === FRAGMENT && paired !== null && rulesOf(job.ctx.pvr).holdsPaired) yield* putJob(paired);
  yield* putJob(job);
}

/** `pvr_queue_timedout_job`: the queue goes on with what it has, and looks again whether something is done. */
function* timedoutJob(job: PvrJob): Steps<"noHang" | "reset"> {
  const { queue } = job;
  const { scheduler } = queue;
  if (job.fence?.parent?.base.signaled === true) return "noHang";
  yield* stopScheduler(scheduler, job);
  for (const left of scheduler.running) left.fence?.setParent(left.doneFence);
  queue.inFlight = scheduler.running.length;
  yield* processQueue(queue);
  startScheduler(scheduler, 0);
  return "reset";
}
