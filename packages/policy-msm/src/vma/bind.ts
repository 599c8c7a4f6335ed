import {
  type DmaFence,
  DRM_EXEC_IGNORE_DUPLICATES,
  DrmExec,
  EINVAL,
  ENOENT,
  ENOMEM,
  EPIPE,
  type Errno,
  gpuvmPrepareVm,
  gpuvmRangeValid,
  gpuvmSmMap,
  gpuvmSmMapExecLock,
  gpuvmSmUnmap,
  gpuvmSmUnmapExecLock,
  PAGE,
  type Steps,
  USAGE_KERNEL,
} from "@gpuvm/core";
import {
  type BindOp,
  findFences,
  isAligned,
  lock,
  lockInterruptible,
  preempt,
  type RequestOf,
  type SyncOp,
  unlock,
  waitUntilInterruptible,
} from "@gpuvm/drm-model";
import type { MsmContext } from "../drv/context.ts";
import { msmContextVm } from "../drv/context-vm.ts";
import type { Msm } from "../drv/device.ts";
import type { MsmFile } from "../drv/file.ts";
import { MSM_VM_BIND_OP_DUMP } from "../drv/uapi.ts";
import type { MsmBo } from "../gem/bo.ts";
import { getPages, pinObj } from "../gem/pages.ts";
import { parsePostDeps, processPostDeps } from "../gpu/syncobj.ts";
import { type JobOp, MsmVmBindJob } from "./bind-job.ts";
import { PREALLOC_LIMIT, preallocCount } from "./prealloc.ts";
import type { MsmGemVm } from "./vm.ts";

const NO_SYNCS: readonly SyncOp[] = [];

/**
 * `MSM_VM_BIND` (`msm_ioctl_vm_bind`): the tree changes here, the page tables in a job.
 *
 * @param after what its in-fences are, beside the last submit that signals a syncobj
 */
export function* vmBind(
  msm: Msm,
  file: MsmFile,
  request: RequestOf<"vm_bind">,
  after: readonly DmaFence[] = [],
): Steps<Errno> {
  const { ctx } = file;
  const vm = yield* msm.history.vmToBind(ctx, () => msmContextVm(msm, ctx));
  if (vm === null) return -ENOMEM;
  if (vm.unusable) return -EPIPE;
  if (!ctx.vmBind) return -EINVAL;
  const queue = ctx.queues.get(request.queue ?? 0);
  if (queue === undefined) return -ENOENT;
  if (!queue.vmBind) return -EINVAL;
  if (!msm.dev.mayAlloc("msm bind job")) return -ENOMEM;
  const job = new MsmVmBindJob(msm, queue, vm, request.ops.map(jobOp));
  let ret = yield* lockInterruptible(msm.dev, queue.lock, file.process, "msm_ioctl_vm_bind");
  if (ret === 0) {
    ret = yield* underQueueLock(msm, file, job, request, [...after, ...lastSubmit(ctx, request)]);
    unlock(msm.dev, queue.lock);
  }
  if (ret !== 0) {
    if ((request.out ?? 0) > 0) yield* msm.history.outFenceOnError();
    yield* job.free();
  }
  return ret;
}

function* underQueueLock(
  msm: Msm,
  file: MsmFile,
  job: MsmVmBindJob,
  request: RequestOf<"vm_bind">,
  after: DmaFence[],
): Steps<Errno> {
  const syncs = request.syncOps?.flat() ?? NO_SYNCS;
  // msm_syncobj_parse_deps
  const deps = findFences(file.syncobjs, syncs);
  if (typeof deps === "number") return deps;
  let ret = parsePostDeps(file.syncobjs, syncs);
  if (ret === 0) ret = lookupOps(msm, file, job);
  if (ret === 0) ret = yield* throttle(msm, file, job);
  for (const dep of deps) after.push(dep);
  if (ret === 0) ret = yield* lockPinAndQueue(msm, file, job, after);
  const fence = job.queue.lastBind;
  if (ret === 0 && fence !== null) processPostDeps(msm.dev, file.syncobjs, syncs, fence);
  return ret;
}

/** What a recorded program waits for where its trace does not tell which syncobjs it names. */
function lastSubmit({ lastSubmit }: MsmContext, request: RequestOf<"vm_bind">): DmaFence[] {
  const told = request.syncOps !== undefined;
  return !told && (request.in ?? 0) > 0 && lastSubmit !== null && !lastSubmit.signaled ? [lastSubmit] : [];
}

function jobOp(op: BindOp): JobOp {
  const { kind, bo: handle, boOffset, va: iova, length: range, flags } = op;
  return { kind: kind as JobOp["kind"], bo: null, handle, boOffset, iova, range, flags };
}

/** What is refused before anything is looked up (`lookup_op`). */
function lookupOp(vm: MsmGemVm, op: JobOp): Errno {
  const { kind, handle, boOffset, iova, range, flags } = op;
  if (kind !== "map" && kind !== "unmap" && kind !== "map_null") return -EINVAL;
  if ((flags & ~MSM_VM_BIND_OP_DUMP) !== 0) return -EINVAL;
  if (!isAligned(iova, PAGE) || !isAligned(boOffset, PAGE) || !isAligned(range, PAGE)) return -EINVAL;
  if ((kind === "map") !== (handle !== 0)) return -EINVAL;
  return gpuvmRangeValid(vm, iova, range) ? 0 : -EINVAL;
}

/** Handles to counted objects, and the sizes that need them (`vm_bind_job_lookup_ops`). */
function lookupOps(msm: Msm, file: MsmFile, job: MsmVmBindJob): Errno {
  for (const op of job.ops) {
    const ret = lookupOp(job.vm, op);
    if (ret !== 0) return ret;
  }
  for (const op of job.ops) {
    if (op.kind !== "map") continue;
    const bo = file.lookup(op.handle, job);
    if (bo === null) {
      msm.history.lookupFailed(job);
      return -EINVAL;
    }
    op.bo = bo;
    if (msm.history.beyondTheEnd(bo, op)) return -EINVAL;
  }
  return 0;
}

/** Waits until few enough page-table pages are preallocated, and then adds its own: two steps (`vm_bind_prealloc_count`). */
function* throttle({ dev, log }: Msm, { process }: MsmFile, job: MsmVmBindJob): Steps<Errno> {
  const { vm } = job;
  const count = preallocCount(job.ops);
  const ret = yield* waitUntilInterruptible(
    dev,
    () => vm.preallocInFlight <= PREALLOC_LIMIT,
    process,
    "vm_bind throttle",
  );
  if (ret !== 0) return ret;
  job.prealloc.count = count;
  vm.preallocInFlight += count;
  vm.preallocPeak = Math.max(vm.preallocPeak, vm.preallocInFlight);
  log?.prealloc(count);
  return 0;
}

function* lockPinAndQueue(
  msm: Msm,
  { process }: MsmFile,
  job: MsmVmBindJob,
  after: DmaFence[],
): Steps<Errno> {
  const { dev } = msm;
  const { queue } = job;
  const exec = new DrmExec(dev, DRM_EXEC_IGNORE_DUPLICATES);
  exec.interrupt = process;
  let ret = yield* lockObjects(msm, exec, job);
  if (ret === 0) ret = yield* pinObjects(msm, job);
  if (ret === 0) {
    yield* preempt(dev, "alloc", "prealloc_allocate");
    if (!dev.mayAlloc("page-table prealloc")) {
      ret = -ENOMEM;
      msm.history.preallocFailed(job, job.prealloc.count);
    }
  }
  if (ret === 0) ret = prepare(job);
  if (ret === 0) {
    const finished = queue.entity.arm();
    queue.lastBind = finished;
    // Objects that are only unmapped get no fence: an update's reference keeps them.
    for (const { bo } of job.ops) bo?.resv.addFence(finished, USAGE_KERNEL);
    job.arm(after, finished);
    queue.entity.push(job);
  } else {
    yield* job.unpinLocked();
  }
  exec.fini();
  return ret;
}

/** The VM and every object that an operation maps, cuts or unmaps (`vm_bind_job_lock_objects`). */
function* lockObjects(msm: Msm, exec: DrmExec, job: MsmVmBindJob): Steps<Errno> {
  const { vm, ops } = job;
  while (exec.untilAllLocked()) {
    let ret = yield* gpuvmPrepareVm(vm, exec, 1);
    if (exec.contended !== null) continue;
    for (let i = 0; i < ops.length && ret === 0; i++) {
      ret = yield* lockOp(msm, exec, vm, ops[i] as JobOp);
      if (exec.contended !== null) break;
    }
    if (exec.contended === null && ret !== 0) return ret;
  }
  return 0;
}

function* lockOp(msm: Msm, exec: DrmExec, vm: MsmGemVm, op: JobOp): Steps<Errno> {
  const { kind, bo, iova, range, boOffset } = op;
  if (kind !== "unmap")
    return yield* gpuvmSmMapExecLock(vm, exec, 1, { addr: iova, range, obj: bo, offset: boOffset });
  return yield* gpuvmSmUnmapExecLock(vm, exec, iova, msm.history.rangeToLock(op));
}

/** Pages of what is mapped, pinned until the job ran (`vm_bind_job_pin_objects`). */
function* pinObjects(msm: Msm, job: MsmVmBindJob): Steps<Errno> {
  const { dev, lruLock } = msm;
  for (const { bo } of job.ops) {
    const ret = bo === null ? 0 : getPages(msm, bo);
    if (ret !== 0) return ret;
  }
  yield* lock(dev, lruLock, "vm_bind_job_pin_objects");
  for (const { bo } of job.ops) if (bo !== null) pinObj(bo);
  unlock(dev, lruLock);
  job.pinned = true;
  return 0;
}

/**
 * The operations on the tree, one after the other (`vm_bind_job_prepare`). There is no way back: an error behind the
 * first operation leaves the VM unusable.
 */
function prepare(job: MsmVmBindJob): Errno {
  const { vm } = job;
  for (let i = 0; i < job.ops.length; i++) {
    const op = job.ops[i] as JobOp;
    job.current = op;
    job.kept = false;
    const { iova: addr, range, boOffset: offset } = op;
    const obj: MsmBo | null = op.bo;
    const ret =
      op.kind === "unmap"
        ? gpuvmSmUnmap(vm, job, addr, range)
        : gpuvmSmMap(vm, job, { addr, range, obj, offset });
    if (ret !== 0) {
      if (i > 0) vm.giveUp();
      return ret;
    }
    vm.record.applied();
  }
  return 0;
}
