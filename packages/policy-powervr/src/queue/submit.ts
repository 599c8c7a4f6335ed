import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DrmExec,
  EINVAL,
  type Errno,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import { type CountedFence, lock, type SchedFence, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import type { PvrFile } from "../file.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import type { JobArgs } from "../requests.ts";
import { createJob } from "./create-job.ts";
import { noteBehind, noteDrawing } from "./in-order.ts";
import { GEOMETRY, type PvrJob, putJob } from "./job.ts";
import { linkPairs } from "./pair.ts";
import { Signals } from "./sync.ts";

const NONE: PvrJob[] = [];

/**
 * `pvr_submit_jobs`. No buffer of the program, nor the VM, is locked or fenced: what a job uses is the program's affair.
 * Each job's context is locked, and its render target locked and fenced.
 *
 * @returns the last job's finished fence, with a reference of the call's; -EINVAL for no jobs, or what `createJob` and the
 *   syncobjs answer
 */
export function* submitJobs(
  pvr: PvrDevice,
  file: PvrFile,
  requests: readonly JobArgs[],
): Steps<CountedFence | Errno> {
  let jobs: PvrJob[] = NONE;
  let ret: Errno = requests.length === 0 ? -EINVAL : 0;
  for (const request of requests) {
    const job = yield* createJob(file, request);
    if (typeof job === "number") {
      ret = job;
      break;
    }
    // An array is made with room for one, where the first that is pushed makes room for seventeen.
    if (jobs === NONE) jobs = [job];
    else jobs.push(job);
  }
  if (ret === 0) {
    // Put off until now: it is expensive.
    pvr.caches.flush("submit");
    ret = yield* inTurn(pvr, file, jobs, requests);
  }
  const last = ret === 0 ? jobs[jobs.length - 1]?.fence?.finished.get("ioctl") : undefined;
  for (const job of jobs) yield* putJob(job);
  return last ?? ret;
}

/** Submits to one context come one after the other. */
function* inTurn(
  pvr: PvrDevice,
  file: PvrFile,
  jobs: readonly PvrJob[],
  requests: readonly JobArgs[],
): Steps<Errno> {
  const { dev } = pvr;
  while (isSubmittedTo(jobs))
    if (dev.waitsUntil(() => !isSubmittedTo(jobs), "pvr_submit_jobs")) yield dev.point;
  for (const { ctx } of jobs) ctx.submitting = true;
  const ret = yield* submitCreated(pvr, file, jobs, requests);
  for (const { ctx } of jobs) ctx.submitting = false;
  return ret;
}

/** Somebody else submits to a context of theirs. */
function isSubmittedTo(jobs: readonly PvrJob[]): boolean {
  for (const { ctx } of jobs) if (ctx.submitting) return true;
  return false;
}

function* submitCreated(
  pvr: PvrDevice,
  file: PvrFile,
  jobs: readonly PvrJob[],
  requests: readonly JobArgs[],
): Steps<Errno> {
  const signals = new Signals(file);
  const exec = new DrmExec(pvr.dev, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES);
  let ret: Errno = 0;
  for (let i = 0; ret === 0 && i < jobs.length; i++)
    ret = yield* prepareSyncs(pvr, signals, jobs[i] as PvrJob, requests[i] as JobArgs);
  if (ret === 0) ret = yield* prepareResvs(exec, jobs);
  if (ret === 0) {
    linkPairs(jobs);
    for (const job of jobs) {
      fenceTarget(job);
      noteDrawing(job);
    }
    for (const job of jobs) pushJob(job, file);
    signals.push();
  }
  exec.fini();
  signals.cleanup();
  return ret;
}

/** `prepare_job_syncs`: what it waits for and what it signals; its fences are made. */
function* prepareSyncs(
  pvr: PvrDevice,
  signals: Signals,
  job: PvrJob,
  { syncOps = [] }: JobArgs,
): Steps<Errno> {
  let ret = signals.collect(syncOps);
  if (ret === 0) ret = signals.addWaits(job, syncOps);
  if (ret !== 0) return ret;
  if (job.hwrt !== null) {
    // The geometry job writes region headers that the fragment job reads.
    const { bo } = job.hwrt.fw;
    yield* lock(pvr.dev, bo.resv, "drm_sched_job_add_resv_dependencies");
    for (const { fence } of bo.resv.visible(job.type === GEOMETRY ? USAGE_READ : USAGE_WRITE)) {
      const counted = bo.fences?.get(fence);
      if (counted !== undefined) job.addDependency(counted.get(job));
    }
    noteBehind(job);
    unlock(pvr.dev, bo.resv);
  }
  signals.update(syncOps, job.arm().finished);
  return 0;
}

/** `prepare_job_resvs_for_each`: the context guards against submits to the same queue at once. */
function* prepareResvs(exec: DrmExec, jobs: readonly PvrJob[]): Steps<Errno> {
  while (exec.untilAllLocked()) {
    for (const { ctx, hwrt } of jobs) {
      let ret = yield* exec.lockObj((ctx.fw as PvrFwObject).bo);
      if (exec.contended !== null) break;
      if (ret === 0 && hwrt !== null) {
        ret = yield* exec.prepareObj(hwrt.fw.bo, jobs.length);
        if (exec.contended !== null) break;
      }
      if (ret !== 0) return ret;
    }
  }
  return 0;
}

/** `update_job_resvs`. */
function fenceTarget({ type, hwrt, fence }: PvrJob): void {
  hwrt?.fw.bo.attach((fence as SchedFence).finished, type === GEOMETRY ? USAGE_WRITE : USAGE_READ);
}

/** `pvr_queue_job_push`: the entity holds the job from here on. */
function pushJob(job: PvrJob, file: PvrFile): void {
  const { queue } = job;
  const { scheduled } = job.fence as SchedFence;
  if (!queue.entity.stopped) {
    scheduled.get(queue);
    queue.lastQueued?.put(queue);
    queue.lastQueued = scheduled;
  }
  job.refs++;
  job.ctx.pvr.trace?.(["push", job]);
  queue.entity.push(job, file);
}
