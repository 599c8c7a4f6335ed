import {
  type DmaFence,
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  ENOMEM,
  type Errno,
  USAGE_BOOKKEEP,
  USAGE_KERNEL,
} from "@gpuvm/core";
import type { TlbCause } from "@gpuvm/drm-model";
import { stub } from "../exec/fences.ts";
import { enableSignaling } from "../preempt/preempt-fence.ts";
import type { XeVm, XeVma } from "../vm/vm.ts";
import type { XeVmaOp } from "../vm/vma-op.ts";
import { commit } from "./commit.ts";
import { opsCommit, type PtUpdateOps } from "./update-ops.ts";

/**
 * Carries out what is prepared (`xe_pt_update_ops_run`): the CPU writes at once if there is nothing to wait for and the queue
 * is idle, else a job does. Where entries go, each GT is told behind that. What was replaced in the tree is given back.
 *
 * @returns a fence that signals when the entries are written *and* no TLB has old ones, of earlier updates either; -ENOMEM, with nothing changed but
 * what the caller takes back
 */
export function updateOpsRun(vm: XeVm, work: PtUpdateOps, ops: readonly XeVmaOp[]): DmaFence | Errno {
  const { machine } = vm.xe;
  const { q } = work;
  if (work.ops.length === 0) return q.afterTlbs(stub(machine));
  if (!machine.dev.mayAlloc("xe pt update")) return -ENOMEM;
  const seqno = ++q.seqno;
  const written = machine.fence(q.contexts[0] as number, seqno);
  write(vm, work, dependencies(vm, work, ops), written);
  for (const { updates } of work.ops) commit(vm.pt, updates);
  if (!written.signaled)
    vm.ranges.push({ start: work.start, last: work.last, fence: written, rebind: work.waitVmBookkeep });
  const fences =
    work.needsInvalidation === null ? [written] : invalidate(vm, work, work.needsInvalidation, written);
  for (const fence of fences) vm.gpuvm.resv.addFence(fence, q.usage(work.waitVmBookkeep));
  opsCommit(vm, work, ops, fences);
  q.lastFence = written;
  return work.skipTlbWait ? written : q.afterTlbs(written);
}

/** What the update has to wait for (`xe_pt_vm_dependencies`). */
function dependencies(vm: XeVm, work: PtUpdateOps, ops: readonly XeVmaOp[]): DmaFence[] {
  const out: DmaFence[] = [];
  const { resv } = vm.gpuvm;
  if (work.waitVmBookkeep || work.waitVmKernel) {
    const usage = work.waitVmBookkeep ? USAGE_BOOKKEEP : USAGE_KERNEL;
    if (resv.busy(usage) !== null)
      for (const pending of resv.pending()) if (pending.usage <= usage) out.push(pending.fence);
  }
  if (vm.ranges.length > 0) {
    vm.ranges = vm.ranges.filter((range) => !range.fence.signaled);
    for (const range of vm.ranges)
      if (range.start <= work.last && work.start <= range.last) out.push(range.fence);
  }
  for (const op of ops) opDependencies(vm, op, out);
  for (const fence of work.inFences) if (!fence.signaled) out.push(fence);
  return out;
}

/** `op_add_deps`: moves of external objects that the operation maps. An unmap waits for nobody. */
function opDependencies(vm: XeVm, op: XeVmaOp, out: DmaFence[]): void {
  switch (op.kind) {
    case DRM_GPUVA_OP_MAP:
      if (op.immediate || !vm.faultMode) vmaDependencies(op.map, out);
      break;
    case DRM_GPUVA_OP_REMAP:
      vmaDependencies(op.prev, out);
      vmaDependencies(op.next, out);
      break;
    case DRM_GPUVA_OP_PREFETCH:
      vmaDependencies(op.old, out);
      break;
    default:
  }
}

function vmaDependencies(vma: XeVma | null, out: DmaFence[]): void {
  if (vma === null || !vma.contested || vma.bo === null || vma.bo.resv.busy(USAGE_KERNEL) === null) return;
  for (const pending of vma.bo.resv.pending()) if (pending.usage === USAGE_KERNEL) out.push(pending.fence);
}

/** Writes the entries, now or in a job (`xe_migrate_update_pgtables`). */
function write(vm: XeVm, work: PtUpdateOps, after: readonly DmaFence[], written: DmaFence): void {
  if (after.length > 0 || !work.q.jobs.idle) {
    queueWrite(vm, work, after, written);
    return;
  }
  writeEntries(vm, work);
  written.signal();
}

function queueWrite(vm: XeVm, work: PtUpdateOps, after: readonly DmaFence[], written: DmaFence): void {
  const { q } = work;
  vm.xe.onEvent?.(["bind waits for fences"]);
  for (const fence of after) enableSignaling(fence);
  const holder = vm.holder("bind_job");
  q.kref.get(holder);
  q.jobs.push({
    label: "xe bind job",
    after,
    finished: written,
    *run() {
      writeEntries(vm, work);
      return 0;
    },
    *free() {
      q.kref.put(holder);
    },
  });
}

function writeEntries({ pt, xe }: XeVm, work: PtUpdateOps): void {
  const { counts } = xe.machine;
  for (const { bind, start, end, rebind, updates, runs } of work.ops) {
    for (const { pt: table, ofs, qwords, entries } of updates) {
      xe.onEvent?.([bind ? "populate" : "clear", table.level, ofs, qwords]);
      if (bind) for (let i = 0; i < qwords; i++) table.entries[ofs + i] = entries[i] as number;
      else pt.clearEntries(table, ofs, ofs + qwords);
    }
    if (!bind) {
      counts.ptUnmaps++;
      pt.clear(start, end - start);
      continue;
    }
    counts.ptMaps++;
    // What the entries led to before: the ring flushes the TLB before the next batch, or a resume does.
    if (rebind) pt.clear(start, end - start, "again");
    for (const run of runs) pt.write(run);
  }
}

/** Queues the invalidations, one for each GT (`xe_tlb_inval_job_push`). Each holds VM and queue. */
function invalidate(vm: XeVm, work: PtUpdateOps, cause: TlbCause, written: DmaFence): DmaFence[] {
  const { machine } = vm.xe;
  const { q, start, last } = work;
  let left = q.tlb.length;
  return q.tlb.map((queue, gt) => {
    const done = machine.fence(q.contexts[gt + 1] as number, q.seqno);
    q.tlbLastFences[gt] = done;
    const holder = vm.holder("bind_job");
    vm.gpuvm.get(holder);
    q.kref.get(holder);
    queue.push({
      after: written,
      run() {
        vm.pt.invalidate(cause, gt, start, last);
        if (--left === 0) vm.pt.forget();
        done.signal();
        vm.gpuvm.put(holder);
        q.kref.put(holder);
      },
    });
    return done;
  });
}
