import {
  type DmaFence,
  DRM_EXEC_IGNORE_DUPLICATES,
  EINVAL,
  ENODEV,
  ENOENT,
  ENOMEM,
  ENOSYS,
  type Errno,
  GpuvmExec,
  type Steps,
  USAGE_WRITE,
} from "@gpuvm/core";
import { type InUse, lock, noteUse, type RequestOf, unlock } from "@gpuvm/drm-model";
import type { Channel } from "../channel/channel.ts";
import { killChannel, watchSwitch } from "../channel/recovery.ts";
import type { NouveauCli } from "../cli.ts";
import type { Uvmm } from "../uvmm/uvmm.ts";
import { jobSubmit } from "./job.ts";
import { JobSyncs } from "./job-syncs.ts";

/** Command buffers of one call: half of the ring's entries, less one (`nouveau_exec_push_max_from_ib_max`). */
const PUSH_MAX = 510;

/** `NV50_DMA_PUSH_MAX_LENGTH`. */
const PUSH_MAX_LENGTH = 0x7fffff;

/**
 * `nouveau_exec_ioctl_exec`: everything mapped counts as used and as written. The client's mutex is held from end to end
 * (`nouveau_abi16_get`).
 *
 * @returns 0; -ENOSYS without VM_INIT; -ENOENT for an unknown channel or syncobj, -ENODEV for a killed channel; -EINVAL
 * for too many command buffers, one that is too long, or a syncobj without a fence to wait for; -ENOMEM
 */
export function* execIoctl(cli: NouveauCli, request: RequestOf<"exec">): Steps<Errno> {
  const { dev } = cli.nv;
  yield* lock(dev, cli.mutex, "nouveau_abi16_get");
  const ret = yield* exec(cli, request);
  unlock(dev, cli.mutex);
  return ret;
}

function* exec(cli: NouveauCli, request: RequestOf<"exec">): Steps<Errno> {
  const { uvmm, nv } = cli;
  const { dev } = nv;
  const { push = [] } = request;
  if (uvmm === null) return -ENOSYS;
  const channel = request.channel === undefined ? undefined : cli.channels.get(request.channel);
  if (channel === undefined) return -ENOENT;
  if (channel.killed) return -ENODEV;
  if (push.length > PUSH_MAX || push.some(([, bytes]) => bytes > PUSH_MAX_LENGTH)) return -EINVAL;
  if (dev.stopsFor("alloc", "nouveau_exec_job_init")) yield dev.point;
  if (!dev.mayAlloc("nouveau_exec_job")) return -ENOMEM;

  const vme = new GpuvmExec(uvmm.vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
  const syncOps = request.syncOps?.flat();
  // Which syncobjs a program waits for where its trace does not tell: its last bind's.
  const bind = (request.in ?? 0) > 0 ? cli.sched.timeline.last : null;
  const work = push.some(([, bytes]) => bytes > 0);
  let uses: InUse | undefined;
  return yield* jobSubmit(cli, channel.sched, {
    label: `exec of ${cli.name}`,
    // One more for the fence.
    credits: push.length + 1,
    sync: false,
    syncs: syncOps === undefined ? null : new JobSyncs(cli, syncOps),
    after: bind === null ? [] : [bind],
    bind: null,
    *submit() {
      const ret = yield* lockAndValidate(uvmm, vme);
      if (ret === 0) dev.current.objects = vme.exec?.objects.length ?? 0;
      return ret;
    },
    armedSubmit(finished, after) {
      vme.addFence(finished, USAGE_WRITE, USAGE_WRITE);
      vme.unlock();
      if (work) uses = noteExec(cli, uvmm, finished, after);
    },
    run: () => run(cli, channel, work, uses),
    *free() {},
    // nouveau_exec_job_timeout
    timeout: () => killChannel(nv, channel.timeline),
  });
}

/** `nouveau_exec_job_submit`: locks the VM and each object that is not private, and brings back what was evicted. */
function* lockAndValidate(uvmm: Uvmm, vme: GpuvmExec): Steps<Errno> {
  const { dev } = uvmm.vm;
  if (dev.stopsAt(uvmm.mutex, "nouveau_exec_job_submit")) yield dev.point;
  uvmm.mutex.acquire(dev.current);
  let ret = yield* vme.lock();
  unlock(dev, uvmm.mutex);
  if (ret !== 0) return ret;
  ret = yield* vme.validate();
  if (ret !== 0) vme.unlock();
  return ret;
}

/** `nouveau_exec_job_run`: from here on it is the hardware's. */
function* run(
  { nv }: NouveauCli,
  channel: Channel,
  work: boolean,
  uses: InUse | undefined,
): Steps<DmaFence | number> {
  nv.tell?.(["exec job runs"]);
  // nouveau_fence_emit
  if (channel.killed) return -ENODEV;
  const fence = channel.timeline.nextOnGpu();
  nv.engine.submit({ fence, after: [], work, uses });
  watchSwitch(nv);
  return fence;
}

function noteExec(
  cli: NouveauCli,
  uvmm: Uvmm,
  finished: DmaFence,
  after: readonly DmaFence[],
): InUse | undefined {
  // Nobody is in a bind, and the last one is done or waited for.
  const still = uvmm.mutex.owner === null && cli.sched.mutex.owner === null;
  const { last } = cli.sched.timeline;
  const settled = still && (last === null || last.signaled || after.includes(last));
  return noteUse(cli.machine, finished, { vm: uvmm.record, keeps: "memory", settled, once: true });
}
