import {
  type DmaFence,
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  DrmExec,
  EAGAIN,
  EBUSY,
  EINVAL,
  ENODATA,
  type Errno,
  type Steps,
} from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import { evictsAnother } from "../history.ts";
import type { XeBo } from "../memory/bo.ts";
import { PtUpdateOps, updateOpsAbort, updateOpsPrepare } from "../pt/update-ops.ts";
import { updateOpsRun } from "../pt/update-run.ts";
import type { XeSyncs } from "../sync/sync.ts";
import type { XeUserFence } from "../sync/user-fence.ts";
import { migrateBo, validateBo } from "../vm/validate.ts";
import type { XeVm, XeVma } from "../vm/vm.ts";
import { vmaAddUfence, vmaDestroy } from "../vm/vma-life.ts";
import type { XeVmaOp } from "../vm/vma-op.ts";
import type { BindExecQueue } from "./bind-exec-queue.ts";

/**
 * Locks everything, changes the page tables, lets the old VMAs go (`vm_bind_ioctl_ops_execute`).
 *
 * @param syncs what it waits for, and what signals when it is done
 * @param array several binds: none of them may make room by evicting an object of another
 * @returns the fence of the change, or -errno
 */
export function* executeOps(
  vm: XeVm,
  q: BindExecQueue,
  syncs: XeSyncs,
  ops: readonly XeVmaOp[],
  array: boolean,
): Steps<DmaFence | Errno> {
  const exec = new DrmExec(vm.gpuvm.dev, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES);
  let ret: Errno = 0;
  while (exec.untilAllLocked()) {
    ret = yield* lockAndPrep(vm, exec, ops, array);
    if (exec.contended !== null) continue;
    if (ret !== 0) break;
  }
  const fence = ret === 0 ? yield* opsExecute(vm, new PtUpdateOps(q, syncs.inFences), ops) : ret;
  if (typeof fence !== "number") yield* opsFini(ops, syncs, fence);
  else if (fence === -ENODATA) yield* opsFini(ops, syncs, null);
  exec.fini();
  return fence;
}

/**
 * Prepares all table work, then carries it out (`ops_execute`). All dma_resvs are held.
 *
 * @returns the fence of the change; -EAGAIN: the program's own memory has changed meanwhile, and nothing waits for that
 */
export function* opsExecute(vm: XeVm, work: PtUpdateOps, ops: readonly XeVmaOp[]): Steps<DmaFence | Errno> {
  // In fault mode a map may have no table work at all.
  if (!ops.some((op) => op.kind !== DRM_GPUVA_OP_MAP || op.immediate || !vm.faultMode || op.invalidateOnBind))
    return -ENODATA;
  const err = updateOpsPrepare(vm, work, ops);
  let fence: DmaFence | Errno = err;
  if (err === 0) fence = work.needsSvmLock ? yield* runLocked(vm, work, ops) : updateOpsRun(vm, work, ops);
  if (typeof fence === "number") updateOpsAbort(vm, work);
  return fence;
}

/** `xe_pt_svm_userptr_pre_commit`: the program's own memory does not change while entries that lead there are being written. */
function* runLocked(vm: XeVm, work: PtUpdateOps, ops: readonly XeVmaOp[]): Steps<DmaFence | Errno> {
  const { dev } = vm.gpuvm;
  yield* lock(dev, vm.notifierLock, "xe_pt_svm_userptr_pre_commit");
  // Without page faults the next submit, or the rebind worker, finds it on the list.
  const stale = vm.faultMode && work.ops.some(({ bind, vma }) => bind && vma.userptr?.stale === true);
  const fence = stale ? -EAGAIN : updateOpsRun(vm, work, ops);
  unlock(dev, vm.notifierLock);
  return fence;
}

/** The old VMAs go when the fence has signalled, and the program is told (`vm_bind_ioctl_ops_fini`). */
function* opsFini(ops: readonly XeVmaOp[], syncs: XeSyncs, fence: DmaFence | null): Steps<void> {
  const { ufence } = syncs;
  for (const op of ops) {
    if (ufence !== null) opAddUfence(op, ufence);
    if (op.kind === DRM_GPUVA_OP_UNMAP || op.kind === DRM_GPUVA_OP_REMAP)
      yield* vmaDestroy(op.old as XeVma, fence);
  }
  if (fence !== null) syncs.signal(fence);
}

/** `op_add_ufence`. */
function opAddUfence(op: XeVmaOp, ufence: XeUserFence): void {
  const bound = op.kind === DRM_GPUVA_OP_PREFETCH ? [op.old] : [op.map, op.prev, op.next];
  for (const vma of bound) if (vma !== null) vmaAddUfence(vma, ufence);
}

/** Nobody takes away what the program was not told of yet (`check_ufence`). */
function checkUfence(vma: XeVma): Errno {
  const { ufence } = vma;
  if (ufence === null) return 0;
  if (!ufence.signalled) return -EBUSY;
  vma.ufence = null;
  ufence.kref.put(vma);
  return 0;
}

/** `vm_bind_ioctl_ops_lock_and_prep`. */
function* lockAndPrep(vm: XeVm, exec: DrmExec, ops: readonly XeVmaOp[], array: boolean): Steps<Errno> {
  yield* exec.lockObj(vm.gpuvm.rObj);
  if (exec.contended !== null) return 0;
  for (const op of ops) {
    const ret = yield* opLockAndPrep(vm, exec, op, ops, array);
    if (exec.contended !== null) return 0;
    if (ret !== 0) return ret;
  }
  return 0;
}

/** `op_lock_and_prep`. */
function* opLockAndPrep(
  vm: XeVm,
  exec: DrmExec,
  op: XeVmaOp,
  ops: readonly XeVmaOp[],
  array: boolean,
): Steps<Errno> {
  switch (op.kind) {
    case DRM_GPUVA_OP_MAP: {
      if (op.invalidateOnBind) return 0;
      const map = op.map as XeVma;
      yield* lockVma(exec, map);
      if (exec.contended !== null || (vm.faultMode && !op.immediate)) return 0;
      return yield* validateVma(vm, map, ops, array);
    }
    case DRM_GPUVA_OP_REMAP: {
      const err = checkUfence(op.old as XeVma);
      if (err !== 0) return err;
      yield* lockVma(exec, op.old as XeVma);
      if (exec.contended !== null) return 0;
      const ret = op.prev === null ? 0 : yield* validateVma(vm, op.prev, ops, array);
      return ret !== 0 || op.next === null ? ret : yield* validateVma(vm, op.next, ops, array);
    }
    case DRM_GPUVA_OP_PREFETCH: {
      const old = op.old as XeVma;
      yield* lockVma(exec, old);
      return exec.contended !== null || old.bo === null ? 0 : yield* prefetch(old.bo);
    }
    default: {
      const err = checkUfence(op.old as XeVma);
      if (err === 0) yield* lockVma(exec, op.old as XeVma);
      return err;
    }
  }
}

function* lockVma(exec: DrmExec, vma: XeVma): Steps<void> {
  if (vma.contested) yield* exec.lockObj(vma.bo as XeBo);
}

/** `vma_lock_and_validate`. What may go is not brought back for the remains of a mapping. */
function* validateVma(vm: XeVm, vma: XeVma, ops: readonly XeVmaOp[], array: boolean): Steps<Errno> {
  if (vma.bo === null || !vma.willneed) return 0;
  const ret = yield* validateBo(vma.bo, vm, !array && vm.allowsVmEviction);
  return ret !== 0 && array && evictsAnother(vm, vma.bo, ops) ? 0 : ret;
}

/** Makes a mapped object be where the GPU reaches it. Unlike a map it has no VMA to make that would look at the state. */
function* prefetch(bo: XeBo): Steps<Errno> {
  if (bo.madv === "dontneed") return -EBUSY;
  if (bo.madv === "purged") return -EINVAL;
  return yield* migrateBo(bo, "tt");
}
