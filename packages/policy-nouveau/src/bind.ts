import { type DmaFence, ENOMEM, ENOSYS, type Errno, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { BindQueue, type RequestOf, unlock, waitFence } from "@gpuvm/drm-model";
import { jobOp } from "./bind-args.ts";
import { cleanUpBindJob } from "./bind-cleanup.ts";
import { newBindJob } from "./bind-job.ts";
import { runBindJob } from "./bind-run.ts";
import { submitBindJob } from "./bind-submit.ts";
import type { NouveauCli } from "./cli.ts";

/**
 * `nouveau_uvmm_ioctl_vm_bind`: one job for all operations. It waits for the job unless the call is asynchronous.
 *
 * @returns 0; -ENOSYS without VM_INIT; -EINVAL, -ENOENT, -ENOSPC or -ENOMEM, and then nothing has changed
 */
export function* vmBind(cli: NouveauCli, request: RequestOf<"vm_bind">): Steps<Errno> {
  const { uvmm, nv } = cli;
  const { dev } = nv;
  if (uvmm === null) return -ENOSYS;
  if (dev.stopsFor("alloc", "nouveau_uvmm_bind_job_init")) yield dev.point;
  if (!dev.mayAlloc("nouveau_uvmm_bind_job")) return -ENOMEM;
  const job = newBindJob(cli);
  for (const op of request.ops) {
    const bop = jobOp(op);
    if (typeof bop === "number") return bop;
    job.ops.push(bop);
  }

  // nouveau_job_submit: jobs of one client get into the tree and into the queue in the same order.
  if (dev.stopsAt(cli.schedMutex, "nouveau_job_submit")) yield dev.point;
  cli.schedMutex.acquire(dev.current);
  const exec = yield* submitBindJob(uvmm, job);
  if (typeof exec === "number") {
    unlock(dev, cli.schedMutex);
    yield* cleanUpBindJob(uvmm, job);
    return exec;
  }
  const fence = cli.binds.next();
  job.fence = fence;
  cli.jobs.add(job);
  exec.addFence(fence, USAGE_BOOKKEEP);
  exec.fini();
  // N7: several entities for one client, whose jobs run in any order.
  const sched = nv.defects.has("N7") ? new BindQueue(nv.machine, `binds of ${job.name}`) : cli.sched;
  sched.push({
    label: job.name,
    after: (request.in ?? 0) > 0 ? lastWork(cli) : [],
    finished: fence,
    run: () => runBindJob(uvmm, job),
    free: () => cleanUpBindJob(uvmm, job),
  });
  unlock(dev, cli.schedMutex);
  if (request.async !== true) yield* waitFence(dev, fence, "nouveau_job_submit");
  return 0;
}

/** What the syncobjs that a bind waits for stand for; which ones is not recorded: the last work of each channel. */
function lastWork(cli: NouveauCli): DmaFence[] {
  const out: DmaFence[] = [];
  for (const { timeline } of cli.channels.values()) {
    if (timeline.last !== null && !timeline.last.signaled) out.push(timeline.last);
  }
  return out;
}
