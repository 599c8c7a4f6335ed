import {
  type DmaFence,
  type DrmExec,
  ENOMEM,
  ENOSYS,
  type Errno,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { lock, type RequestOf, unlock } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import { bindSched } from "../history/entities.ts";
import { jobInit, jobSubmit, NouveauJob } from "../sched/job.ts";
import { JobSyncs } from "../sched/job-syncs.ts";
import { jobOp } from "./bind-args.ts";
import { cleanUpBindJob } from "./bind-cleanup.ts";
import { BindJob } from "./bind-job.ts";
import { runBindJob } from "./bind-run.ts";
import { submitBindJob } from "./bind-submit.ts";
import type { Uvmm } from "./uvmm.ts";

const NO_FENCES: readonly DmaFence[] = [];

/**
 * `nouveau_uvmm_ioctl_vm_bind`: one job for all operations. It waits for the job unless the call is asynchronous.
 *
 * @returns 0; -ENOSYS without VM_INIT; -EINVAL, -ENOENT, -ENOSPC or -ENOMEM, and then nothing has changed
 */
export function* vmBind(cli: NouveauCli, request: RequestOf<"vm_bind">): Steps<Errno> {
  const { nv } = cli;
  const { dev } = nv;
  // nouveau_cli_uvmm_locked
  yield* lock(dev, cli.mutex, "nouveau_uvmm_ioctl_vm_bind");
  const { uvmm } = cli;
  unlock(dev, cli.mutex);
  if (uvmm === null) return -ENOSYS;
  if (dev.stopsFor("alloc", "nouveau_uvmm_bind_job_init")) yield dev.point;
  if (!dev.mayAlloc("nouveau_uvmm_bind_job")) return -ENOMEM;
  const sync = request.async !== true;
  const bind = new BindJob(cli);
  for (const op of request.ops) bind.ops.push(jobOp(op));
  const syncOps = request.syncOps?.flat();
  const ret = jobInit(sync, request.in, request.out, syncOps);
  if (ret !== 0) return ret;

  const syncs = syncOps === undefined ? null : new JobSyncs(cli, syncOps);
  const after = (request.in ?? 0) > 0 ? lastWork(cli) : NO_FENCES;
  return yield* jobSubmit(bindSched(cli), new UvmmBindJob(uvmm, bind, sync, syncs, after));
}

/** The job of a call. It has no timeout of its own (`nouveau_bind_ops`): a bind is done when it has run. */
class UvmmBindJob extends NouveauJob {
  readonly bind: BindJob;
  readonly #uvmm: Uvmm;
  /** What is locked. */
  #exec: DrmExec | null = null;

  constructor(uvmm: Uvmm, bind: BindJob, sync: boolean, syncs: JobSyncs | null, after: readonly DmaFence[]) {
    super(bind.cli, 1, sync, syncs, after);
    this.#uvmm = uvmm;
    this.bind = bind;
  }

  get label(): string {
    return this.bind.name;
  }

  *submit(): Steps<Errno> {
    const locked = yield* submitBindJob(this.#uvmm, this.bind);
    if (typeof locked === "number") return locked;
    this.#exec = locked;
    return 0;
  }

  armedSubmit(): void {
    this.#exec?.addFence(this.finished, USAGE_BOOKKEEP);
    this.#exec?.fini();
    this.#exec = null;
  }

  run(): Steps<Errno> {
    return runBindJob(this.#uvmm, this.bind);
  }

  free(): Steps<void> {
    return cleanUpBindJob(this.#uvmm, this.bind);
  }
}

/** What the syncobjs that a bind waits for stand for, where the trace does not tell which: the last work of each channel. */
function lastWork(cli: NouveauCli): DmaFence[] {
  const out: DmaFence[] = [];
  for (const { sched } of cli.channels.values()) {
    const { last } = sched.timeline;
    if (last !== null && !last.signaled) out.push(last);
  }
  return out;
}
