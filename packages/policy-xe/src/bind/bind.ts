import {
  type DmaFence,
  EINVAL,
  ENODATA,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  type Errno,
  type GpuvaOps,
  gpuvaOpsFree,
  type Steps,
} from "@gpuvm/core";
import { type BindOp, lock, unlock, type VmBind } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { BIND_IMMEDIATE, BIND_NULL } from "../flags.ts";
import { freeTwice } from "../history.ts";
import type { XeBo } from "../memory/bo.ts";
import { tooManySyncs, XeSyncs } from "../sync/sync.ts";
import type { VmaAttributes, VmaKind, XeVm } from "../vm/vm.ts";
import { XeVmaOp } from "../vm/vma-op.ts";
import type { XeFile } from "../xe-file.ts";
import { checkArgs, checkRanges, lookupBo, lookupQueue } from "./bind-args.ts";
import type { BindExecQueue } from "./bind-exec-queue.ts";
import { executeOps } from "./bind-execute.ts";
import { opParse, opUnwind } from "./bind-op.ts";
import { opsCreate } from "./bind-ops-create.ts";

/**
 * `xe_vm_bind_ioctl`: the array of binds becomes one list of operations, each put into the tree as it is made; then all
 * objects are locked and the page tables changed, at once or by one job. All or nothing. The call never waits for that,
 * whatever syncs it has; with nothing to do it signals them and answers 0.
 */
export function* vmBindIoctl(xe: Xe, file: XeFile, req: VmBind): Steps<Errno> {
  const { dev } = xe.machine;
  const vm = file.vms.get(req.vm ?? 0);
  if (vm === undefined) return -EINVAL;
  const q = (tooManySyncs(req) ? -EINVAL : checkArgs(req.ops)) || lookupQueue(file, vm, req);
  if (typeof q === "number") {
    freeTwice(xe, req.ops);
    return q;
  }
  vm.gpuvm.get("ioctl");
  q?.kref.get("ioctl");
  yield* lock(dev, vm.lock, "xe_vm_bind_ioctl");
  const bos = new Array<XeBo | null>(req.ops.length);
  let ret: Errno = vm.closedOrBanned ? -ENOENT : checkRanges(vm, req.ops);
  const queue = q ?? (vm.q as BindExecQueue);
  for (let i = 0; i < bos.length && ret === 0; i++) {
    const bo = lookupBo(file, vm, req.ops[i] as BindOp);
    if (typeof bo === "number") ret = bo;
    else bos[i] = bo;
  }
  if (ret === 0) ret = yield* bindSynced(xe, file, vm, queue, req, bos);
  for (const bo of bos) bo?.put("ioctl");
  unlock(dev, vm.lock);
  q?.kref.put("ioctl");
  vm.gpuvm.put("ioctl");
  return ret;
}

/** Looks up what the call waits for and signals, binds, and lets it go again. */
function* bindSynced(
  xe: Xe,
  file: XeFile,
  vm: XeVm,
  q: BindExecQueue,
  req: VmBind,
  bos: readonly (XeBo | null)[],
): Steps<Errno> {
  const syncs = new XeSyncs(xe);
  let ret: Errno = 0;
  if (req.syncOps !== undefined) {
    ret = syncs.parse(req.syncOps.flat(), {
      syncobjs: file.syncobjs,
      memory: file.process.memory,
      exec: false,
      lrMode: vm.lrMode,
      disallowUserFence: req.ops.length === 0,
      ufences: q,
    });
  }
  if (ret === 0) ret = req.ops.length === 0 ? -ENODATA : yield* bindAll(vm, q, syncs, req.ops, bos);
  if (ret === -ENODATA) ret = signalFences(xe, q, syncs);
  syncs.cleanup();
  return ret;
}

/** Nothing was to be done: the syncs signal when what was given to the queue before is done (`vm_bind_ioctl_signal_fences`). */
function signalFences(xe: Xe, q: BindExecQueue, syncs: XeSyncs): Errno {
  if (syncs.empty) return 0;
  if (syncs.waits) return -EOPNOTSUPP;
  if (!xe.machine.dev.mayAlloc("xe in fence")) return -ENOMEM;
  syncs.signal(q.inFence());
  return 0;
}

/** @returns 0; -ENODATA if there was nothing to do; another -errno, with everything as before */
function* bindAll(
  vm: XeVm,
  q: BindExecQueue,
  syncs: XeSyncs,
  binds: readonly BindOp[],
  bos: readonly (XeBo | null)[],
): Steps<Errno> {
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
    ret = yield* parse(vm, bind, list, ops);
    vm.record.applied();
  }
  if (ret === 0 && ops.length === 0) ret = -ENODATA;
  if (ret === 0) {
    const fence: DmaFence | Errno = yield* executeOps(vm, q, syncs, ops, binds.length > 1);
    if (typeof fence === "number") ret = fence;
  }
  if (ret !== 0 && ret !== -ENODATA) {
    // `vm_bind_ioctl_ops_unwind`
    for (let op = ops.pop(); op !== undefined; op = ops.pop()) yield* opUnwind(op);
    vm.record.restore(counted);
  }
  for (let list = lists.pop(); list !== undefined; list = lists.pop()) gpuvaOpsFree(vm.gpuvm, list);
  return ret;
}

/** `vm_bind_ioctl_ops_parse`. */
function* parse(vm: XeVm, bind: BindOp, list: GpuvaOps, ops: XeVmaOp[]): Steps<Errno> {
  const attributes = attributesOf(bind);
  const immediate = (bind.flags & BIND_IMMEDIATE) !== 0;
  for (let at = 0; at < list.length; at++) {
    const base = list.at(at);
    const op = new XeVmaOp(base.op, base, attributes, immediate);
    // `__xe_vm_needs_clear_scratch_pages`
    op.invalidateOnBind = vm.faultMode && vm.hasScratch && !immediate;
    ops.push(op);
    const ret = yield* opParse(vm, op, base);
    if (ret !== 0) return ret;
  }
  return 0;
}

function attributesOf(bind: BindOp): VmaAttributes {
  let kind: VmaKind = bind.bo === 0 ? "null" : "bo";
  if (bind.kind === "map_userptr") kind = "userptr";
  const flags = bind.kind === "map_null" ? bind.flags | BIND_NULL : bind.flags;
  return { kind, willneed: true, flags };
}
