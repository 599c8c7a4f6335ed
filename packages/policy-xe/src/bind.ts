import {
  type DmaFence,
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DRM_GPUVA_OP_REMAP,
  DrmExec,
  EBUSY,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  type GpuvaOps,
  gpuvaOpsFree,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmBoUnmapOpsCreate,
  gpuvmPrefetchOpsCreate,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  type Steps,
} from "@gpuvm/core";
import { type BindOp, Kref, lock, unlock, type VmBind, waitFence } from "@gpuvm/drm-model";
import { checkArgs, checkQueue, lookupBo } from "./bind-args.ts";
import { opParse, opUnwind, XeVmaOp } from "./bind-op.ts";
import { validateBo, type XeBo } from "./bo.ts";
import type { Xe } from "./device.ts";
import { BIND_IMMEDIATE, BIND_NULL } from "./flags.ts";
import { PtUpdate, ptUpdateRun } from "./pt.ts";
import type { XeVm } from "./vm.ts";
import { type VmaAttributes, type VmaKind, vmaDestroy, type XeVma } from "./vma.ts";
import type { XeFile } from "./xe-file.ts";

/**
 * `xe_vm_bind_ioctl`: the array of binds becomes one list of operations, each put into the tree as it is made; then all
 * objects are locked and the page tables changed by one job. All or nothing. Without syncs the call waits.
 */
export function* vmBindIoctl(xe: Xe, file: XeFile, req: VmBind): Steps<Errno> {
  const { dev } = xe.machine;
  const vm = file.vms.get(req.vm ?? 0);
  if (vm === undefined) return -EINVAL;
  const bad = checkArgs(req.ops) || checkQueue(file, vm, req);
  if (bad !== 0) {
    if (xe.defects.has("X3")) freeTwice(xe, req.ops);
    return bad;
  }
  vm.gpuvm.get("ioctl");
  yield* lock(dev, vm.lock, "xe_vm_bind_ioctl");
  const bos: (XeBo | null)[] = [];
  let ret: Errno = vm.size === 0 ? -ENOENT : 0;
  for (const op of ret === 0 ? req.ops : []) {
    const bo = lookupBo(file, vm, op);
    if (typeof bo === "number") {
      ret = bo;
      break;
    }
    bos.push(bo);
  }
  let fence: DmaFence | null = null;
  if (ret === 0) {
    const done = yield* bindAll(vm, req.ops, bos);
    if (typeof done === "number") ret = done;
    else fence = done;
  }
  for (const bo of bos) bo?.put("ioctl");
  unlock(dev, vm.lock);
  if (fence !== null && (req.syncs ?? 0) === 0) yield* waitFence(dev, fence, "xe_vm_bind_ioctl");
  vm.gpuvm.put("ioctl");
  return ret;
}

/** Before a01b704527c2 the copied array was freed where the check failed, and by the caller again. */
function freeTwice(xe: Xe, ops: readonly BindOp[]): void {
  if (ops.length < 2) return;
  const copy = new Kref(xe.machine.dev, "bind_ops", "ioctl", () => {});
  copy.put("ioctl");
  copy.put("ioctl");
}

/** @returns the fence of the page-table job; null: there was none to do; -errno, with everything as before */
function* bindAll(
  vm: XeVm,
  binds: readonly BindOp[],
  bos: readonly (XeBo | null)[],
): Steps<DmaFence | null | Errno> {
  const lists: GpuvaOps[] = [];
  const ops: XeVmaOp[] = [];
  const counted = vm.record.save();
  let ret: Errno = 0;
  for (let i = 0; i < binds.length && ret === 0; i++) {
    const bind = binds[i] as BindOp;
    const list = yield* opsCreate(vm, bind, bos[i] as XeBo | null);
    if (typeof list === "number") {
      ret = list;
      break;
    }
    lists.push(list);
    const attributes = attributesOf(bind);
    const immediate = !vm.faultMode || (bind.flags & BIND_IMMEDIATE) !== 0;
    for (let at = 0; at < list.length && ret === 0; at++) {
      const op = new XeVmaOp(list.at(at), attributes, immediate);
      ops.push(op);
      ret = yield* opParse(vm, op);
    }
    vm.record.applied();
  }
  let fence: DmaFence | null = null;
  if (ret === 0 && ops.length > 0) {
    const done = yield* execute(vm, ops);
    if (typeof done === "number") ret = done;
    else fence = done;
  }
  if (ret !== 0) {
    // `vm_bind_ioctl_ops_unwind`
    for (let op = ops.pop(); op !== undefined; op = ops.pop()) yield* opUnwind(op);
    vm.record.restore(counted);
  }
  for (let list = lists.pop(); list !== undefined; list = lists.pop()) gpuvaOpsFree(vm.gpuvm, list);
  return ret === 0 ? fence : ret;
}

function attributesOf(bind: BindOp): VmaAttributes {
  let kind: VmaKind = bind.bo === 0 ? "null" : "bo";
  if (bind.kind === "map_userptr") kind = "userptr";
  const flags = bind.kind === "map_null" ? bind.flags | BIND_NULL : bind.flags;
  return { kind, willneed: true, flags };
}

/** `vm_bind_ioctl_ops_create`. */
function* opsCreate(vm: XeVm, bind: BindOp, bo: XeBo | null): Steps<GpuvaOps | Errno> {
  const { gpuvm } = vm;
  const { va: addr, length: range } = bind;
  if (bind.kind === "unmap") return gpuvmSmUnmapOpsCreate(gpuvm, addr, range);
  if (bind.kind === "prefetch") {
    const ops = gpuvmPrefetchOpsCreate(gpuvm, addr, range);
    if (typeof ops === "number" || ops.length > 0) return ops;
    gpuvaOpsFree(gpuvm, ops);
    return -EINVAL;
  }
  if (bind.kind === "unmap_all") return yield* unmapAll(vm, bo as XeBo);
  if (bo !== null && bo.madv !== "willneed") return bo.madv === "purged" ? -EINVAL : -EBUSY;
  return gpuvmSmMapOpsCreate(gpuvm, { addr, range, obj: bo, offset: bo === null ? 0 : bind.boOffset });
}

/** A vm_bo is taken, or made, only to list its VMAs. */
function* unmapAll(vm: XeVm, bo: XeBo): Steps<GpuvaOps | Errno> {
  const { gpuvm } = vm;
  const exec = new DrmExec(gpuvm.dev);
  while (exec.untilAllLocked()) {
    yield* exec.lockObj(gpuvm.rObj);
    if (exec.contended !== null) continue;
    if (bo.vm === null) yield* exec.lockObj(bo);
  }
  const vmBo = gpuvmBoObtain(gpuvm, bo, "ioctl");
  const ops = vmBo === null ? -ENOMEM : gpuvmBoUnmapOpsCreate(vmBo);
  gpuvmBoPut(vmBo, "ioctl");
  exec.fini();
  return ops;
}

/** Locks everything, changes the page tables, lets the old VMAs go (`vm_bind_ioctl_ops_execute`). */
function* execute(vm: XeVm, ops: readonly XeVmaOp[]): Steps<DmaFence | null | Errno> {
  const exec = new DrmExec(vm.gpuvm.dev, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES);
  let ret: Errno = 0;
  while (exec.untilAllLocked()) {
    ret = yield* lockAndPrep(vm, exec, ops);
    if (exec.contended !== null) continue;
    if (ret !== 0) break;
  }
  let fence: DmaFence | Errno | null = ret === 0 ? null : ret;
  if (ret === 0) {
    const update = new PtUpdate();
    const had = ops.map((op) => op.old?.present ?? false);
    for (const op of ops) stage(vm, op, update);
    if (update.ops.length > 0) fence = ptUpdateRun(vm, update);
    if (typeof fence === "number") unstage(ops, had);
    else for (const op of ops) fini(op, fence);
  }
  exec.fini();
  return fence;
}

/** `vm_bind_ioctl_ops_lock_and_prep`. */
function* lockAndPrep(vm: XeVm, exec: DrmExec, ops: readonly XeVmaOp[]): Steps<Errno> {
  yield* exec.lockObj(vm.gpuvm.rObj);
  if (exec.contended !== null) return 0;
  for (const op of ops) {
    const vma = op.map ?? op.old;
    if (vma === null || vma.bo === null) continue;
    if (vma.bo.vm === null) {
      yield* exec.lockObj(vma.bo);
      if (exec.contended !== null) return 0;
    }
    const validate = op.map === null ? op.prev !== null || op.next !== null : op.immediate;
    const ret = validate ? validateBo(vma.bo) : 0;
    if (ret !== 0 && !evictsAnother(vm, vma.bo, ops)) return ret;
  }
  return 0;
}

/**
 * Before 7ac74613e5f2 room was made by evicting a private object of the same VM, whose dma_resv is held: maybe one that
 * an earlier bind of the same array has just had validated.
 */
function evictsAnother(vm: XeVm, bo: XeBo, ops: readonly XeVmaOp[]): boolean {
  if (!vm.xe.defects.has("X2")) return false;
  const other = ops
    .map((op) => op.map?.bo)
    .find((o) => o != null && o !== bo && o.vm === vm && o.pages === "resident");
  if (other == null) return false;
  other.pages = "evicted";
  bo.pages = "resident";
  return true;
}

/** What the operation writes and clears (`op_prepare`). */
function stage(vm: XeVm, op: XeVmaOp, update: PtUpdate): void {
  const { map, old } = op;
  if (map !== null) {
    if (op.immediate) update.bind(map);
    return;
  }
  if (old === null) return;
  if (!old.destroyed) {
    // Prefetch: what is bound already has nothing to move.
    if (!old.present) update.bind(old);
    return;
  }
  const bound = old.present;
  update.unbind(old);
  if (op.base.op !== DRM_GPUVA_OP_REMAP || (!bound && vm.faultMode)) return;
  for (const [piece, skip] of [
    [op.prev, op.skipPrev],
    [op.next, op.skipNext],
  ] as const) {
    if (piece === null || skip) continue;
    update.bind(piece);
    update.waitBookkeep = true;
  }
}

/** Nothing was written (`xe_pt_update_ops_abort`). */
function unstage(ops: readonly XeVmaOp[], had: readonly boolean[]): void {
  ops.forEach((op, i) => {
    const vmas: (XeVma | null)[] = [op.map, op.skipPrev ? null : op.prev, op.skipNext ? null : op.next];
    for (const vma of vmas) if (vma !== null) vma.present = false;
    if (op.old !== null) op.old.present = had[i] as boolean;
  });
}

/** The old VMA goes when the fence has signalled (`vm_bind_ioctl_ops_fini`). */
function fini(op: XeVmaOp, fence: DmaFence | null): void {
  if (op.old?.destroyed) vmaDestroy(op.old, fence);
}
