import { type DmaFence, EINVAL, type Errno, ListNode, type Steps } from "@gpuvm/core";
import { type SyncOp, unlock, waitFenceInterruptible } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import type { JobSyncs } from "./job-syncs.ts";
import type { NouveauSched } from "./sched.ts";
import type { BindInFlight, SchedJob } from "./sched-job.ts";

/** A bind or an EXEC, from its call until it is given back (`struct nouveau_job`). */
export abstract class NouveauJob implements SchedJob {
  /** Whose it is. */
  readonly cli: NouveauCli;
  readonly credits: number;
  /** The call waits until it is done. */
  readonly sync: boolean;
  /** What it waits for and signals; null: it names no syncobjs, or a trace does not tell which. */
  readonly syncs: JobSyncs | null;
  /** What it waits for; before it is armed, only where it names no syncobjs. */
  after: readonly DmaFence[];
  parent: DmaFence | null = null;
  readonly onList: ListNode<SchedJob> = new ListNode<SchedJob>(this);
  #finished: DmaFence | null = null;

  /** Nothing is locked yet. */
  constructor(
    cli: NouveauCli,
    credits: number,
    sync: boolean,
    syncs: JobSyncs | null,
    after: readonly DmaFence[],
  ) {
    this.cli = cli;
    this.credits = credits;
    this.sync = sync;
    this.syncs = syncs;
    this.after = after;
  }

  abstract get label(): string;

  abstract readonly bind: BindInFlight | null;

  /** What can fail; afterwards everything is locked. */
  abstract submit(): Steps<Errno>;

  /** Fences what is locked, and unlocks. */
  abstract armedSubmit(): void;

  abstract run(): Steps<DmaFence | number>;

  abstract free(): Steps<void>;

  timeout(): void {}

  /** Not before it is armed. */
  get finished(): DmaFence {
    return this.#finished as DmaFence;
  }

  /** It can't fail any more (`drm_sched_job_arm`). */
  arm(finished: DmaFence, after: readonly DmaFence[]): void {
    this.#finished = finished;
    this.after = after;
  }
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
export function* jobSubmit(sched: NouveauSched, job: NouveauJob): Steps<Errno> {
  const { syncs, cli } = job;
  const { dev } = cli.nv;
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
  job.arm(finished, syncs === null ? found : found.filter(({ context }) => context !== finished.context));
  job.armedSubmit();
  syncs?.attach(finished);
  sched.push(job);
  unlock(dev, sched.mutex);
  // A signal ends the wait, and not the job.
  if (job.sync) yield* waitFenceInterruptible(dev, finished, cli.process, "nouveau_job_submit");
  return 0;
}

/** `nouveau_job_fini` of a job that is not submitted. */
function* jobFini(job: NouveauJob, ret: Errno): Steps<Errno> {
  yield* job.free();
  return ret;
}
