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
import { type BindOp, MIB2, preempt, type VmBind } from "@gpuvm/drm-model";
import type { Panthor } from "./device.ts";
import { execOp } from "./exec-op.ts";
import { MAP_FLAGS, MAP_NOEXEC, MAP_SPARSE, VA_MAP_SHIFT } from "./flags.ts";
import { cleanupOp, OpCtx, prepareMap, prepareUnmap } from "./op-ctx.ts";
import type { PanthorFile } from "./panthor-file.ts";
import { sparseDummy } from "./sparse.ts";
import type { PanthorVm } from "./vm.ts";
import { vmGet } from "./vm-pool.ts";

/** `panthor_ioctl_vm_bind`. */
export function* vmBind(panthor: Panthor, file: PanthorFile, req: VmBind): Steps<Errno> {
  const vm = yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  const ret = req.async
    ? yield* bindAsync(panthor, file, vm, req.ops)
    : yield* bindSync(panthor, file, vm, req);
  vm.gpuvm.put("ioctl");
  return ret;
}

/** One after the other, in the call (`panthor_ioctl_vm_bind_sync`). What was done before an error stays. */
function* bindSync(panthor: Panthor, file: PanthorFile, vm: PanthorVm, req: VmBind): Steps<Errno> {
  for (const op of req.ops) {
    if ((req.syncs ?? 0) > 0) return -EINVAL;
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
function* bindAsync(
  panthor: Panthor,
  file: PanthorFile,
  vm: PanthorVm,
  ops: readonly BindOp[],
): Steps<Errno> {
  const { machine } = panthor;
  const jobs: OpCtx[] = [];
  let ret: Errno = 0;
  for (const op of ops) {
    const ctx = yield* jobCreate(panthor, file, vm, op);
    if (typeof ctx === "number") {
      ret = ctx;
      break;
    }
    jobs.push(ctx);
  }
  if (ret === 0) {
    const exec = new DrmExec(machine.dev, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES);
    while (exec.untilAllLocked()) {
      ret = yield* prepareResvs(vm, exec, jobs);
      if (exec.contended !== null) continue;
      if (ret !== 0) break;
    }
    if (ret === 0) for (const ctx of jobs.splice(0)) push(panthor, vm, exec, ctx);
    exec.fini();
  }
  // `panthor_vm_bind_job_put` of what was not pushed.
  for (const ctx of jobs) machine.queueWork("panthor cleanup", () => jobCleanup(panthor, vm, ctx));
  return ret;
}

/** `panthor_vm_bind_job_create`. */
function* jobCreate(panthor: Panthor, file: PanthorFile, vm: PanthorVm, op: BindOp): Steps<OpCtx | Errno> {
  if (vm.destroyed || vm.unusable) return -EINVAL;
  if (!panthor.machine.dev.mayAlloc("panthor bind job")) return -ENOMEM;
  const ctx = yield* prepare(panthor, file, vm, op);
  if (typeof ctx !== "number") vm.gpuvm.get(ctx);
  return ctx;
}

function* prepareResvs(vm: PanthorVm, exec: DrmExec, jobs: readonly OpCtx[]): Steps<Errno> {
  let ret = yield* gpuvmPrepareVm(vm.gpuvm, exec, jobs.length);
  for (const { vmBo } of jobs) {
    if (ret !== 0 || exec.contended !== null) return ret;
    if (vmBo !== null) ret = yield* exec.prepareObj(vmBo.obj, jobs.length);
  }
  return ret;
}

function push(panthor: Panthor, vm: PanthorVm, exec: DrmExec, ctx: OpCtx): void {
  const { machine } = panthor;
  const finished = machine.fence(vm.context, ++vm.seqno);
  gpuvmResvAddFence(vm.gpuvm, exec, finished, USAGE_BOOKKEEP, USAGE_BOOKKEEP);
  vm.binds.push({
    label: "panthor bind job",
    after: [],
    finished,
    run: () => execOp(panthor, vm, ctx, true),
    free: () => jobFree(panthor, vm, ctx),
  });
}

/** `panthor_vm_bind_free_job`. */
function* jobFree(panthor: Panthor, vm: PanthorVm, ctx: OpCtx): Steps<void> {
  panthor.machine.queueWork("panthor cleanup", () => jobCleanup(panthor, vm, ctx));
}

/** `panthor_vm_bind_job_cleanup_op_ctx_work`. */
function* jobCleanup(panthor: Panthor, vm: PanthorVm, ctx: OpCtx): Steps<void> {
  yield* cleanupOp(panthor, vm, ctx);
  vm.gpuvm.put(ctx);
}

/** Checks one operation and prepares it (`panthor_vm_bind_prepare_op_ctx`). */
function* prepare(panthor: Panthor, file: PanthorFile, vm: PanthorVm, op: BindOp): Steps<OpCtx | Errno> {
  const { va, length, boOffset, flags } = op;
  if (va % 4096 !== 0 || length % 4096 !== 0 || boOffset % 4096 !== 0) return -EINVAL;
  yield* preempt(panthor.machine.dev, "preempt", "panthor_vm_bind_prepare_op_ctx");
  if (op.kind === "sync") {
    if (flags !== 0 || op.bo !== 0 || boOffset !== 0 || va !== 0 || length !== 0) return -EINVAL;
    return new OpCtx(panthor, "sync", "program");
  }
  if (length === 0 || va + length > vm.userEnd) return -EINVAL;
  if (op.kind === "unmap") {
    if (flags !== 0 || op.bo !== 0 || boOffset !== 0) return -EINVAL;
    const ctx = new OpCtx(panthor, "unmap", "program", va, length);
    return (yield* prepareUnmap(panthor, vm, ctx)) || ctx;
  }
  const sparse = op.kind === "map_null" || (op.kind === "map" && (flags & MAP_SPARSE) !== 0);
  if ((op.kind !== "map" && op.kind !== "map_null") || (flags & ~MAP_FLAGS) !== 0) return -EINVAL;
  if (sparse) {
    if (!panthor.gen.sparse || op.bo !== 0 || boOffset !== 0 || (flags & MAP_NOEXEC) === 0) return -EINVAL;
    const dummy = yield* sparseDummy(panthor, file, vm);
    if (typeof dummy === "number") return dummy;
    const ctx = new OpCtx(panthor, "map", "program", va, length, (flags | MAP_SPARSE) << VA_MAP_SHIFT);
    return (yield* prepareMap(panthor, vm, ctx, dummy, va % MIB2, false)) || ctx;
  }
  const bo = file.lookup(op.bo, "ioctl");
  const ctx = new OpCtx(panthor, "map", "program", va, length, flags << VA_MAP_SHIFT);
  const ret = yield* prepareMap(panthor, vm, ctx, bo, boOffset);
  bo?.put("ioctl");
  return ret || ctx;
}
