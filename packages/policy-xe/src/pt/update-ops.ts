import {
  type DmaFence,
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  type Errno,
} from "@gpuvm/core";
import type { PteRun, TlbCause } from "@gpuvm/drm-model";
import type { BindExecQueue } from "../bind/bind-exec-queue.ts";
import type { XeVm, XeVma } from "../vm/vm.ts";
import { TILE0 } from "../vm/vma.ts";
import type { XeVmaOp } from "../vm/vma-op.ts";
import { abortBind, abortUnbind, commitPrepareBind, commitPrepareUnbind } from "./commit.ts";
import { NORMAL_SIZES } from "./sizes.ts";
import { stageBind } from "./stage-bind.ts";
import { stageUnbind } from "./stage-unbind.ts";
import type { PtUpdate } from "./update.ts";

/** The table work of one VMA (`struct xe_vm_pgtable_update_op`). */
export interface PtUpdateOp {
  readonly vma: XeVma;
  /** What of it; a VMA that is cut may change afterwards. */
  readonly start: number;
  /** See {@link PtUpdateOp.start}. */
  readonly end: number;
  readonly bind: boolean;
  /** Its entries are there, or were. */
  readonly rebind: boolean;
  readonly updates: readonly PtUpdate[];
  /** What the GPU will see. */
  readonly runs: readonly PteRun[];
}

/** The table work of one call or of one rebind, on one tile (`struct xe_vm_pgtable_update_ops`). */
export class PtUpdateOps {
  /** Prepared so far, in order. */
  readonly ops: PtUpdateOp[] = [];
  /** First address of the tables that change. */
  start: number = Number.POSITIVE_INFINITY;
  /** Last address of them. */
  last = 0;
  /** The TLB may have what is cleared, and why it is told. */
  needsInvalidation: TlbCause | null = null;
  /** Waits for kernel work on the VM's memory. */
  waitVmKernel = false;
  /** Waits for all work of the VM, and makes later work wait. */
  waitVmBookkeep = false;
  /** It is about the program's own memory (`needs_svm_lock`). */
  needsSvmLock = false;
  /** Who waits for it does not wait for TLBs (`XE_VMA_OPS_FLAG_SKIP_TLB_WAIT`). */
  skipTlbWait = false;
  /** Where the work is queued. */
  readonly q: BindExecQueue;
  /** What the call has to wait for (`vops->syncs`). */
  readonly inFences: readonly DmaFence[];

  /** Nothing prepared. */
  constructor(q: BindExecQueue, inFences: readonly DmaFence[] = []) {
    this.q = q;
    this.inFences = inFences;
  }
}

/**
 * Prepares the table work of every operation (`xe_pt_update_ops_prepare`): tables are made, and the staged tree changes.
 * After an error {@link updateOpsAbort} takes it back.
 */
export function updateOpsPrepare(vm: XeVm, work: PtUpdateOps, ops: readonly XeVmaOp[]): Errno {
  vm.gpuvm.resv.reserve(vm.xe.platform.gtCount);
  for (const op of ops) {
    const err = opPrepare(vm, work, op);
    if (err !== 0) return err;
  }
  return 0;
}

/** `op_prepare`. */
function opPrepare(vm: XeVm, work: PtUpdateOps, op: XeVmaOp): Errno {
  let err: Errno = 0;
  switch (op.kind) {
    case DRM_GPUVA_OP_MAP:
      if (!op.immediate && vm.faultMode && !op.invalidateOnBind) break;
      err = bindOpPrepare(vm, work, op.map as XeVma, op.invalidateOnBind);
      work.waitVmKernel = true;
      break;
    case DRM_GPUVA_OP_REMAP:
      unbindOpPrepare(work, op.old as XeVma);
      if (op.prev !== null && !op.skipPrev) {
        err = bindOpPrepare(vm, work, op.prev, false);
        work.waitVmBookkeep = true;
      }
      if (err === 0 && op.next !== null && !op.skipNext) {
        err = bindOpPrepare(vm, work, op.next, false);
        work.waitVmBookkeep = true;
      }
      break;
    case DRM_GPUVA_OP_UNMAP:
      unbindOpPrepare(work, op.old as XeVma);
      break;
    case DRM_GPUVA_OP_PREFETCH:
      // Entries are always written again, wherever the memory was.
      err = bindOpPrepare(vm, work, op.old as XeVma, false);
      work.waitVmKernel = true;
      break;
    default:
      throw new TypeError(`no operation ${op.kind}`);
  }
  return err;
}

/** `bind_op_prepare`. `invalidate`: entries are cleared rather than written, so that nothing leads to scratch by chance. */
function bindOpPrepare(vm: XeVm, work: PtUpdateOps, vma: XeVma, invalidate: boolean): Errno {
  const rebind = (vma.tilePresent & TILE0) !== 0;
  reserveFences(vm, vma);
  const staged = stageBind(vma, invalidate);
  if (typeof staged === "number") return staged;
  const { updates, runs } = staged;
  const { start, end } = vma;
  work.ops.push({ vma, start, end, bind: true, rebind, updates, runs });
  interval(work, updates, start, end);
  if (vma.userptr !== null) work.needsSvmLock = true;
  if (!rebind && vm.hasScratch && vm.lrMode) work.needsInvalidation ??= "map";
  else if (rebind && vm.preemptMode && vm.xe.platform.hasCtxTlbInval) work.needsInvalidation ??= "unmap";
  else if (rebind && !vm.lrMode) vm.tlbFlushSeqno++;
  vma.tileStaged |= TILE0;
  commitPrepareBind(updates, rebind);
  return 0;
}

/** `unbind_op_prepare`. */
function unbindOpPrepare(work: PtUpdateOps, vma: XeVma): void {
  if (((vma.tilePresent | vma.tileStaged) & TILE0) === 0) return;
  reserveFences(vma.vm, vma);
  const updates = stageUnbind(vma);
  const { start, end } = vma;
  work.ops.push({ vma, start, end, bind: false, rebind: false, updates, runs: [] });
  interval(work, updates, start, end);
  if (vma.userptr !== null) work.needsSvmLock = true;
  work.needsInvalidation = "unmap";
  commitPrepareUnbind(updates);
}

/** `vma_reserve_fences`. */
function reserveFences(vm: XeVm, vma: XeVma): void {
  if (vma.contested) vma.bo?.resv.reserve(vm.xe.platform.gtCount);
}

/** Widens the range to what the highest table that changes covers (`xe_pt_update_ops_rfence_interval`). */
function interval(work: PtUpdateOps, updates: readonly PtUpdate[], start: number, end: number): void {
  let level = 0;
  for (const { pt } of updates) if (pt.level > level) level = pt.level;
  const size = NORMAL_SIZES[level] as number;
  work.start = Math.min(work.start, Math.floor(start / size) * size);
  work.last = Math.max(work.last, Math.ceil(end / size) * size - 1);
}

/** Takes back what was prepared (`xe_pt_update_ops_abort`). */
export function updateOpsAbort(vm: XeVm, work: PtUpdateOps): void {
  for (const { bind, updates, rebind } of work.ops.toReversed()) {
    if (bind) abortBind(vm.pt, updates, rebind);
    else abortUnbind(updates);
  }
}

/** What is known of each VMA once the work is under way (`op_commit`). `fences` are kept with external objects. */
export function opsCommit(
  vm: XeVm,
  work: PtUpdateOps,
  ops: readonly XeVmaOp[],
  fences: readonly DmaFence[],
): void {
  for (const op of ops) {
    switch (op.kind) {
      case DRM_GPUVA_OP_MAP:
        if (!op.immediate && vm.faultMode) break;
        bindOpCommit(work, op.map as XeVma, fences, op.invalidateOnBind);
        break;
      case DRM_GPUVA_OP_REMAP:
        unbindOpCommit(work, op.old as XeVma, fences);
        if (op.prev !== null && !op.skipPrev) bindOpCommit(work, op.prev, fences, false);
        if (op.next !== null && !op.skipNext) bindOpCommit(work, op.next, fences, false);
        break;
      case DRM_GPUVA_OP_UNMAP:
        unbindOpCommit(work, op.old as XeVma, fences);
        break;
      default:
        bindOpCommit(work, op.old as XeVma, fences, false);
    }
  }
}

/** `bind_op_commit`. */
function bindOpCommit(
  work: PtUpdateOps,
  vma: XeVma,
  fences: readonly DmaFence[],
  invalidated: boolean,
): void {
  addFences(work, vma, fences);
  vma.tilePresent |= TILE0;
  if (invalidated) vma.tileInvalidated |= TILE0;
  else vma.tileInvalidated &= ~TILE0;
  vma.tileStaged &= ~TILE0;
  if (vma.userptr !== null) vma.userptr.initialBind = true;
}

/** `unbind_op_commit`. */
function unbindOpCommit(work: PtUpdateOps, vma: XeVma, fences: readonly DmaFence[]): void {
  addFences(work, vma, fences);
  vma.tilePresent &= ~TILE0;
  if (vma.tilePresent !== 0) return;
  vma.vm.rebindList.delete(vma);
  vma.vm.userptr?.invalidated.delete(vma);
}

function addFences(work: PtUpdateOps, vma: XeVma, fences: readonly DmaFence[]): void {
  if (!vma.contested) return;
  for (const fence of fences) vma.bo?.resv.addFence(fence, work.q.usage(work.waitVmBookkeep));
}
