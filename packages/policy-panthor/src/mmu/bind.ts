import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DrmExec,
  EINVAL,
  ENOMEM,
  type Errno,
  gpuvmPrepareVm,
  gpuvmResvAddFence,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import {
  type BindOp,
  isAligned,
  MIB2,
  preempt,
  type SchedFence,
  type SyncOp,
  type VmBind,
  within,
} from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { MAP_FLAGS, MAP_NOEXEC, MAP_SPARSE, VA_MAP_SHIFT } from "../flags.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { SubmitSyncs } from "../sched/sync.ts";
import { releaseBindJob } from "./bind-job.ts";
import { execOp } from "./exec-op.ts";
import { OpCtx } from "./op-ctx.ts";
import { cleanupOp, prepareMap, prepareUnmap } from "./prepare.ts";
import { BindJob, type PanthorVm } from "./vm.ts";
import { vmGet } from "./vm-pool.ts";

/** `panthor_ioctl_vm_bind`. */
export function* vmBind(panthor: Panthor, file: PanthorFile, req: VmBind): Steps<Errno> {
  const vm = yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  const ret = req.async ? yield* bindAsync(panthor, file, vm, req) : yield* bindSync(panthor, file, vm, req);
  vm.gpuvm.put("ioctl");
  return ret;
}

/** One after the other, in the call (`panthor_ioctl_vm_bind_sync`). What was done before an error stays. */
function* bindSync(panthor: Panthor, file: PanthorFile, vm: PanthorVm, req: VmBind): Steps<Errno> {
  for (const op of req.ops) {
    if ((req.syncs ?? 0) > 0 || (req.syncOps ?? []).some((ops) => ops.length > 0)) return -EINVAL;
    if (op.length === 0) continue;
    const ctx = yield* prepare(panthor, file, vm, op);
    if (typeof ctx === "number") return ctx;
    const ret = yield* execOp(panthor, vm, ctx, false);
    yield* cleanupOp(panthor, vm, ctx);
    if (ret !== 0) return ret;
  }
  return 0;
}

/** A job for each operation (`panthor_ioctl_vm_bind_async`). All are made before the first is pushed. */
function* bindAsync(panthor: Panthor, file: PanthorFile, vm: PanthorVm, req: VmBind): Steps<Errno> {
  const jobs: BindJob[] = [];
  const syncs = new SubmitSyncs(file);
  const syncOps = (i: number) => req.syncOps?.[i] ?? [];
  let ret: Errno = 0;
  for (const [i, op] of req.ops.entries()) {
    const job = yield* jobCreate(panthor, file, vm, op);
    ret = typeof job === "number" ? job : 0;
    if (typeof job === "number") break;
    jobs.push(job);
    if (op.kind === "sync" && syncOps(i).length === 0 && (req.syncs ?? 0) === 0) ret = -EINVAL;
    if (ret !== 0) break;
  }
  for (const i of jobs.keys()) if (ret === 0) ret = syncs.collect(syncOps(i));
  if (ret === 0) ret = yield* pushAll(panthor, vm, jobs, syncs, syncOps);
  syncs.free();
  // What was not pushed goes here and now (`panthor_submit_ctx_cleanup`).
  for (const job of jobs) yield* releaseBindJob(panthor, job);
  return ret;
}

function* pushAll(
  panthor: Panthor,
  vm: PanthorVm,
  jobs: BindJob[],
  syncs: SubmitSyncs,
  syncOps: (i: number) => readonly SyncOp[],
): Steps<Errno> {
  const flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES;
  const exec = new DrmExec(panthor.machine.dev, flags);
  let ret: Errno = 0;
  while (exec.untilAllLocked()) {
    ret = yield* prepareResvs(vm, exec, jobs);
    if (exec.contended !== null) continue;
    if (ret !== 0) break;
  }
  for (let i = 0; ret === 0 && i < jobs.length; i++) {
    const job = jobs[i] as BindJob;
    ret = syncs.addDependencies(job, syncOps(i));
    if (ret !== 0) break;
    job.arm();
    syncs.signals(job, syncOps(i));
  }
  if (ret === 0) {
    for (const [i, job] of jobs.splice(0).entries()) {
      const { base } = (job.fence as SchedFence).finished;
      gpuvmResvAddFence(vm.gpuvm, exec, base, USAGE_BOOKKEEP, USAGE_BOOKKEEP);
      panthor.onPush?.(job, i);
      vm.binds.push(job, vm);
    }
    syncs.push();
  }
  exec.fini();
  return ret;
}

/** `panthor_vm_bind_job_create` */
function* jobCreate(panthor: Panthor, file: PanthorFile, vm: PanthorVm, op: BindOp): Steps<BindJob | Errno> {
  if (vm.destroyed || vm.unusable) return -EINVAL;
  if (!panthor.machine.dev.mayAlloc("panthor bind job")) return -ENOMEM;
  const ctx = yield* prepare(panthor, file, vm, op);
  return typeof ctx === "number" ? ctx : new BindJob(vm, ctx);
}

/** `panthor_vm_bind_job_prepare_resvs` */
function* prepareResvs(vm: PanthorVm, exec: DrmExec, jobs: readonly BindJob[]): Steps<Errno> {
  let ret = yield* gpuvmPrepareVm(vm.gpuvm, exec, jobs.length);
  for (const { ctx } of jobs) {
    if (ret !== 0 || exec.contended !== null) return ret;
    if (ctx.vmBo !== null) ret = yield* exec.prepareObj(ctx.vmBo.obj, jobs.length);
  }
  return ret;
}

/** Checks one operation and prepares it (`panthor_vm_bind_prepare_op_ctx`). */
function* prepare(panthor: Panthor, file: PanthorFile, vm: PanthorVm, op: BindOp): Steps<OpCtx | Errno> {
  const { va, length, boOffset, flags } = op;
  if (!isAligned(va, 4096) || !isAligned(length, 4096) || !isAligned(boOffset, 4096)) return -EINVAL;
  yield* preempt(panthor.machine.dev, "preempt", "panthor_vm_bind_prepare_op_ctx");
  if (op.kind === "sync") {
    if (flags !== 0 || op.bo !== 0 || boOffset !== 0 || va !== 0 || length !== 0) return -EINVAL;
    return new OpCtx(panthor.machine.dev, "sync", "program");
  }
  if (length === 0 || va + length > vm.userEnd) return -EINVAL;
  if (op.kind === "unmap") {
    if (flags !== 0 || op.bo !== 0 || boOffset !== 0) return -EINVAL;
    const ctx = new OpCtx(panthor.machine.dev, "unmap", "program", va, length);
    return (yield* prepareUnmap(panthor, vm, ctx)) || ctx;
  }
  const sparse = op.kind === "map_null" || (op.kind === "map" && (flags & MAP_SPARSE) !== 0);
  if ((op.kind !== "map" && op.kind !== "map_null") || (flags & ~MAP_FLAGS) !== 0) return -EINVAL;
  if (sparse) {
    if (!panthor.gen.sparse || op.bo !== 0 || boOffset !== 0 || (flags & MAP_NOEXEC) === 0) return -EINVAL;
    const ctx = new OpCtx(
      panthor.machine.dev,
      "map",
      "program",
      va,
      length,
      (flags | MAP_SPARSE) << VA_MAP_SHIFT,
    );
    return (yield* prepareMap(panthor, vm, ctx, vm.dummy, within(va, MIB2), false)) || ctx;
  }
  const bo = file.lookup(op.bo, "ioctl");
  const ctx = new OpCtx(panthor.machine.dev, "map", "program", va, length, flags << VA_MAP_SHIFT);
  const ret = yield* prepareMap(panthor, vm, ctx, bo, boOffset);
  bo?.put("ioctl");
  return ret || ctx;
}
