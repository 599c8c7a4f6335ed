import { type DmaFence, EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { type SyncOp, unlock, waitFenceInterruptible } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import type { JobSyncs } from "./job-syncs.ts";
import type { NouveauSched } from "./sched.ts";
import type { BindInFlight } from "./sched-job.ts";

/** A bind or an EXEC on its way to the scheduler (`struct nouveau_job`). */
export interface Job {
  /** Shown in findings. */
  readonly label: string;
  readonly credits: number;
  /** The call waits until it is done. */
  readonly sync: boolean;
  /** What it waits for and signals; null: it names no syncobjs, or a trace does not tell which. */
  readonly syncs: JobSyncs | null;
  /** What it waits for where that is so. */
  readonly after: readonly DmaFence[];
  readonly bind: BindInFlight | null;
  /** What can fail; afterwards everything is locked. */
  readonly submit: () => Steps<Errno>;
  /** Fences what is locked, and unlocks. */
  readonly armedSubmit: (finished: DmaFence, after: readonly DmaFence[]) => void;
  readonly run: (finished: DmaFence) => Steps<DmaFence | number>;
  readonly free: () => Steps<void>;
  /** See `SchedJob`. */
  readonly timeout: (() => void) | null;
}

/** `nouveau_job_init`: who waits in the call has no use for syncobjs. */
export function jobInit(sync: boolean, ins = 0, outs = 0, ops: readonly SyncOp[] = []): Errno {
  return sync && (ins > 0 || outs > 0 || ops.length > 0) ? -EINVAL : 0;
}

/**
 * `nouveau_job_submit`. Under the scheduler's mutex, from before the job changes anything until it is in the queue.
 *
 * @returns 0, or what the syncobjs or `submit` answered; then the job is given back
 */
export function* jobSubmit(cli: NouveauCli, sched: NouveauSched, job: Job): Steps<Errno> {
  const { dev } = cli.nv;
  const { syncs } = job;
  // nouveau_job_add_deps
  const found = syncs === null ? job.after : syncs.find();
  if (typeof found === "number") return yield* jobFini(job, found);
  let ret = syncs?.prepareAttach() ?? 0;
  if (ret !== 0) return yield* jobFini(job, ret);
  if (dev.stopsAt(sched.mutex, "nouveau_job_submit")) yield dev.point;
  sched.mutex.acquire(dev.current);
  ret = yield* job.submit();
  if (ret !== 0) {
    unlock(dev, sched.mutex);
    syncs?.cleanUpAttach();
    return yield* jobFini(job, ret);
  }
  const finished = sched.timeline.next();
  // An entity need not wait for itself: its jobs begin in order (drm_sched_entity_add_dependency_cb).
  const after = syncs === null ? found : found.filter(({ context }) => context !== finished.context);
  job.armedSubmit(finished, after);
  syncs?.attach(finished);
  const { label, credits, bind, free, timeout } = job;
  const run = () => job.run(finished);
  sched.push({ label, credits, after, bind, free, timeout, finished, run, parent: null });
  unlock(dev, sched.mutex);
  // A signal ends the wait, and not the job.
  if (job.sync) yield* waitFenceInterruptible(dev, finished, cli.process, "nouveau_job_submit");
  return 0;
}

/** `nouveau_job_fini` of a job that is not submitted. */
function* jobFini(job: Job, ret: Errno): Steps<Errno> {
  yield* job.free();
  return ret;
}
