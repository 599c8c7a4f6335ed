import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DrmExec,
  EINVAL,
  ENOMEM,
  type Errno,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import type { GpuEngine, PvrJob } from "@gpuvm/drm-model";
import { unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import type { PvrFile } from "../file.ts";
import { getHwrt, type PvrHwrt, putHwrt } from "../tiler/hwrt.ts";
import { type PvrContext, putContext } from "./context.ts";
import { PvrFence } from "./fence.ts";

/** A job on its way (`struct pvr_job`): holds its context, its fence, and the HWRT dataset it renders to. */
interface Job {
  readonly name: string;
  readonly type: number;
  readonly ctx: PvrContext;
  readonly hwrt: PvrHwrt | null;
}

const GEOMETRY = 0;
const FRAGMENT = 1;

/**
 * `pvr_submit_jobs`. No buffer of the program, nor the VM, is fenced: only the HWRT dataset's firmware object is. What a
 * job uses is the program's affair.
 *
 * @returns 0; -EINVAL for an unknown context, or a job that it does not take; -ENOMEM
 */
export function* submitJobs(pvr: PvrDevice, file: PvrFile, requests: readonly PvrJob[]): Steps<Errno> {
  const { dev } = pvr;
  if (requests.length === 0) return -EINVAL;
  const jobs: Job[] = [];
  let ret: Errno = 0;
  for (const [type, handle] of requests) {
    const job = yield* createJob(pvr, file, type, handle);
    if (typeof job === "number") {
      ret = job;
      break;
    }
    jobs.push(job);
  }
  if (ret === 0) {
    // Put off until now: it is expensive.
    pvr.caches.flush("submit");
    const exec = new DrmExec(dev, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES);
    ret = yield* prepareResvs(exec, jobs);
    if (ret === 0) for (const job of jobs) push(pvr, job);
    exec.fini();
    if (ret === 0 && file.exported.size > 0) yield* importSyncFiles(pvr, file, jobs);
  }
  if (ret !== 0) for (const job of jobs) yield* freeJob(pvr, job);
  return ret;
}

/** `create_job`. */
function* createJob(pvr: PvrDevice, file: PvrFile, type: number, handle: number): Steps<Job | Errno> {
  const { dev } = pvr;
  if (dev.stopsFor("alloc", "pvr_create_job")) yield dev.point;
  if (!dev.mayAlloc("pvr_job")) return -ENOMEM;
  const ctx = file.contexts.get(handle);
  if (ctx === undefined || !ctx.timelines.has(type)) return -EINVAL;
  let hwrt: PvrHwrt | null = null;
  if (type === GEOMETRY || type === FRAGMENT) {
    // Which one is not recorded: the latest.
    hwrt = [...file.hwrts.values()].at(-1) ?? null;
    if (hwrt === null) return -EINVAL;
  }
  const job: Job = { name: dev.ledger === null ? "" : `submit#${dev.serial()}`, type, ctx, hwrt };
  ctx.get(job);
  if (hwrt !== null) getHwrt(pvr, hwrt, job);
  return job;
}

/** `prepare_job_resvs_for_each`. */
function* prepareResvs(exec: DrmExec, jobs: readonly Job[]): Steps<Errno> {
  if (jobs.every((job) => job.hwrt === null)) return 0;
  while (exec.untilAllLocked()) {
    for (const { hwrt } of jobs) {
      if (hwrt === null) continue;
      const ret = yield* exec.prepareObj(hwrt.fw.bo, jobs.length);
      if (exec.contended !== null) break;
      if (ret !== 0) return ret;
    }
  }
  return 0;
}

/** `push_jobs`, `update_job_resvs`. The job's own reference on its fence goes with the job. */
function push(pvr: PvrDevice, job: Job): void {
  const { type, ctx, hwrt } = job;
  const fence = newFence(pvr, job);
  hwrt?.fw.bo.attach(fence, type === GEOMETRY ? USAGE_WRITE : USAGE_READ);
  ctx.latest = fence;
  (pvr.engines[type] as GpuEngine).submit({
    fence: fence.base,
    after: [],
    retire: () => retire(pvr, job, fence),
  });
}

function newFence(pvr: PvrDevice, job: Job): PvrFence {
  const timeline = job.ctx.timelines.get(job.type) as { context: number; seqno: number };
  return new PvrFence(job.ctx, pvr.machine.fence(timeline.context, ++timeline.seqno), job);
}

/** The scheduler's `free_job`. */
function* retire(pvr: PvrDevice, job: Job, fence: PvrFence): Steps<void> {
  if (job.ctx.latest === fence) job.ctx.latest = null;
  fence.put(job);
  yield* freeJob(pvr, job);
}

/** `pvr_job_release`. */
function* freeJob(pvr: PvrDevice, job: Job): Steps<void> {
  if (job.hwrt !== null) yield* putHwrt(pvr, job.hwrt, job);
  yield* putContext(job.ctx, job);
}

/**
 * What the user-mode driver does for buffers that it shares with others: attaches the job's fence to the dma-buf
 * (`DMA_BUF_IOCTL_IMPORT_SYNC_FILE`), for implicit synchronisation. This is how a fence, and behind it a context and its
 * VM, comes to be held by a buffer of the program.
 */
function* importSyncFiles(pvr: PvrDevice, file: PvrFile, jobs: readonly Job[]): Steps<void> {
  const { dev } = pvr;
  for (const { bo } of file.exported.values()) {
    if (dev.stopsAt(bo.resv, "dma_buf_import_sync_file")) yield dev.point;
    bo.resv.acquire(dev.current);
    bo.resv.reserve(1);
    // Locking may have taken until the job was done: then there is nothing to wait for.
    const fence = jobs.at(-1)?.ctx.latest ?? null;
    if (fence !== null) bo.attach(fence, USAGE_WRITE);
    unlock(dev, bo.resv);
  }
}
