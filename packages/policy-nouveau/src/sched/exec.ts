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
import { countSubmit, type InUse, lock, noteUse, type RequestOf, unlock } from "@gpuvm/drm-model";
import type { Channel } from "../channel/channel.ts";
import { killChannel, watchSwitch } from "../channel/recovery.ts";
import type { NouveauCli } from "../cli.ts";
import type { Uvmm } from "../uvmm/uvmm.ts";
import { jobSubmit, NouveauJob } from "./job.ts";
import { JobSyncs } from "./job-syncs.ts";

/** Command buffers of one call: half of the ring's entries, less one (`nouveau_exec_push_max_from_ib_max`). */
const PUSH_MAX = 510;

/** `NV50_DMA_PUSH_MAX_LENGTH`. */
const PUSH_MAX_LENGTH = 0x7fffff;

const NO_PUSH: NonNullable<RequestOf<"exec">["push"]> = [];
const NO_FENCES: readonly DmaFence[] = [];

/**
 * `nouveau_exec_ioctl_exec`: everything mapped counts as used and as written. The client's mutex is held from end to end
 * (`nouveau_abi16_get`).
 *
 * @returns 0; -ENOSYS without VM_INIT; -ENOENT for an unknown channel or syncobj, -ENODEV for a killed channel; -EINVAL
 * for too many command buffers, one that is too long, or a syncobj without a fence to wait for; -ENOMEM
 */
export function* execIoctl(cli: NouveauCli, request: RequestOf<"exec">): Steps<Errno> {
  return yield* countSubmit(cli.nv.machine, () => underMutex(cli, request));
}

function* underMutex(cli: NouveauCli, request: RequestOf<"exec">): Steps<Errno> {
  const { dev } = cli.nv;
  yield* lock(dev, cli.mutex, "nouveau_abi16_get");
  const ret = yield* exec(cli, request);
  unlock(dev, cli.mutex);
  return ret;
}

function* exec(cli: NouveauCli, request: RequestOf<"exec">): Steps<Errno> {
  const { uvmm, nv } = cli;
  const { dev } = nv;
  const { push = NO_PUSH } = request;
  if (uvmm === null) return -ENOSYS;
  const channel = request.channel === undefined ? undefined : cli.channels.get(request.channel);
  if (channel === undefined) return -ENOENT;
  if (channel.killed) return -ENODEV;
  let longest = 0;
  for (const [, bytes] of push) longest = Math.max(longest, bytes);
  if (push.length > PUSH_MAX || longest > PUSH_MAX_LENGTH) return -EINVAL;
  if (dev.stopsFor("alloc", "nouveau_exec_job_init")) yield dev.point;
  if (!dev.mayAlloc("nouveau_exec_job")) return -ENOMEM;

  const syncOps = request.syncOps?.flat();
  const syncs = syncOps === undefined ? null : new JobSyncs(cli, syncOps);
  // Which syncobjs a program waits for where its trace does not tell: its last bind's.
  const bind = (request.in ?? 0) > 0 ? cli.sched.timeline.last : null;
  const after = bind === null ? NO_FENCES : [bind];
  // One more for the fence.
  const job = new ExecJob(cli, uvmm, channel, longest > 0, push.length + 1, syncs, after);
  return yield* jobSubmit(channel.sched, job);
}

/** Work of a program (`struct nouveau_exec_job`). */
class ExecJob extends NouveauJob {
  readonly bind = null;
  readonly #uvmm: Uvmm;
  readonly #channel: Channel;
  /** What is locked. */
  readonly #vme: GpuvmExec;
  /** The GPU has something to do. */
  readonly #work: boolean;
  #uses: InUse | undefined = undefined;

  constructor(
    cli: NouveauCli,
    uvmm: Uvmm,
    channel: Channel,
    work: boolean,
    credits: number,
    syncs: JobSyncs | null,
    after: readonly DmaFence[],
  ) {
    super(cli, credits, false, syncs, after);
    this.#uvmm = uvmm;
    this.#channel = channel;
    this.#work = work;
    this.#vme = new GpuvmExec(uvmm.vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
  }

  get label(): string {
    return `exec of ${this.cli.name}`;
  }

  *submit(): Steps<Errno> {
    const vme = this.#vme;
    const ret = yield* lockAndValidate(this.#uvmm, vme);
    if (ret === 0) this.cli.nv.dev.current.objects = vme.exec?.objects.length ?? 0;
    return ret;
  }

  armedSubmit(): void {
    this.#vme.addFence(this.finished, USAGE_WRITE, USAGE_WRITE);
    this.#vme.unlock();
    if (this.#work) this.#uses = noteExec(this.cli, this.#uvmm, this.finished, this.after);
  }

  /** `nouveau_exec_job_run`: from here on it is the hardware's. */
  *run(): Steps<DmaFence | number> {
    const { nv } = this.cli;
    nv.tell?.(["exec job runs"]);
    // nouveau_fence_emit
    if (this.#channel.killed) return -ENODEV;
    const fence = this.#channel.timeline.nextOnGpu();
    nv.engine.submit({ fence, after: NO_FENCES, work: this.#work, uses: this.#uses });
    watchSwitch(nv);
    return fence;
  }

  *free(): Steps<void> {}

  /** `nouveau_exec_job_timeout`. */
  override timeout(): void {
    killChannel(this.cli.nv, this.#channel.timeline);
  }
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
