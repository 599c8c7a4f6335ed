import { type DmaFence, ENOMEM, type Errno, type Steps, USAGE_BOOKKEEP, USAGE_KERNEL } from "@gpuvm/core";
import { GIB1, KIB4, KIB64, MIB2 } from "@gpuvm/drm-model";
import { enableSignaling } from "./preempt-fence.ts";
import type { XeVm } from "./vm.ts";
import type { XeVma } from "./vma.ts";

/** One range to be written or cleared (`struct xe_vm_pgtable_update_op`). */
interface PtOp {
  readonly bind: boolean;
  readonly vma: XeVma;
  readonly start: number;
  readonly length: number;
  /** The entries are there already, of pages that have moved since. */
  readonly rebind: boolean;
}

/** The page-table work of one bind call or of one rebind (`struct xe_vm_pgtable_update_ops`). */
export class PtUpdate {
  /** In order. */
  readonly ops: PtOp[] = [];
  /** Entries that the GPU may have cached go. */
  invalidates = false;
  /** Something that the GPU may be using is written again: wait for everything, and let everything wait. */
  waitBookkeep = false;

  /** Stages the entries of a VMA (`bind_op_prepare`). */
  bind(vma: XeVma): void {
    const { start, end } = vma;
    const most = vma.kind === "userptr" ? KIB4 : maxPteSize(start, end - start, ptOffset(vma));
    vma.pteSize = Math.max(vma.pteSize, most);
    this.ops.push({ bind: true, vma, start, length: end - start, rebind: vma.present });
    vma.present = true;
  }

  /** Stages the clearing of what is left of a VMA that is going (`unbind_op_prepare`). */
  unbind(vma: XeVma): void {
    if (!vma.present) return;
    this.ops.push({ bind: false, vma, start: vma.start, length: vma.end - vma.start, rebind: false });
    this.invalidates = true;
  }
}

/** The greatest entry that a mapping gets: `xe_vma_max_pte_size` of it once it is bound. */
function maxPteSize(start: number, length: number, offset: number): number {
  for (const size of [GIB1, MIB2, KIB64]) {
    const at = Math.ceil(start / size) * size;
    if (at + size <= start + length && (offset + (at - start)) % Math.min(size, MIB2) === 0) return size;
  }
  return KIB4;
}

/** Where in the object a VMA begins; null pages are as aligned as their address. */
function ptOffset(vma: XeVma): number {
  return vma.bo === null ? vma.start : vma.vm.gpuvm.vas.offset(vma.va);
}

/**
 * Carries out an update (`xe_pt_update_ops_prepare`, `_run`): on the CPU at once if nothing has to be waited for, else as
 * a job on the bind queue. The fence signals when the entries are written *and* the TLB is clean; it is in the
 * dma_resvs of VM and external objects, which are held.
 *
 * @returns the fence, or -ENOMEM, with nothing changed
 */
export function ptUpdateRun(vm: XeVm, update: PtUpdate): DmaFence | Errno {
  const { gpuvm } = vm;
  const { machine } = vm.file;
  if (!machine.dev.mayAlloc("xe page tables")) return -ENOMEM;
  gpuvm.resv.reserve(1);
  for (const { vma } of update.ops) if (vma.bo !== null && vma.contested) vma.bo.resv.reserve(1);

  const start = update.ops.reduce((least, op) => Math.min(least, op.start), Number.POSITIVE_INFINITY);
  const end = update.ops.reduce((most, op) => Math.max(most, op.start + op.length), 0);
  const after = dependencies(vm, update, start, end);
  const written = machine.fence(machine.fenceContext(), 1);
  const done = update.invalidates ? machine.fence(machine.fenceContext(), 1) : written;
  if (after.length === 0 && vm.q.idle) {
    // `xe_migrate_update_pgtables_cpu`.
    write(vm, update);
    written.signal();
  } else {
    for (const fence of after) enableSignaling(fence);
    vm.q.push({
      label: "xe bind job",
      after,
      finished: written,
      run: () => runJob(vm, update),
      free: nothing,
    });
  }
  if (update.invalidates) {
    const run = () => flush(vm);
    vm.tlb.push({ label: "xe tlb inval job", after: [written], finished: done, run, free: nothing });
  }
  if (done.signaled) return done;
  vm.ranges.push({ start, end, fence: done, rebind: update.waitBookkeep });
  const usage = update.waitBookkeep ? USAGE_KERNEL : USAGE_BOOKKEEP;
  gpuvm.resv.addFence(done, usage);
  for (const { vma } of update.ops) if (vma.bo !== null && vma.contested) vma.bo.resv.addFence(done, usage);
  return done;
}

/** What the update has to wait for (`xe_pt_vm_dependencies`). */
function dependencies(vm: XeVm, update: PtUpdate, start: number, end: number): DmaFence[] {
  const usage = update.waitBookkeep ? USAGE_BOOKKEEP : USAGE_KERNEL;
  const out: DmaFence[] = [];
  if (vm.gpuvm.resv.busy(usage) !== null) {
    for (const pending of vm.gpuvm.resv.pending()) if (pending.usage <= usage) out.push(pending.fence);
  }
  if (vm.ranges.length > 0) {
    vm.ranges = vm.ranges.filter((range) => !range.fence.signaled);
    for (const range of vm.ranges) if (range.start < end && start < range.end) out.push(range.fence);
  }
  for (const { bind, vma } of update.ops) {
    if (!bind || vma.bo === null || !vma.contested || vma.bo.resv.busy(USAGE_KERNEL) === null) continue;
    for (const pending of vma.bo.resv.pending()) if (pending.usage === USAGE_KERNEL) out.push(pending.fence);
  }
  return out;
}

function* runJob(vm: XeVm, update: PtUpdate): Steps<number> {
  write(vm, update);
  return 0;
}

function* flush(vm: XeVm): Steps<number> {
  vm.pt.flush("unmap");
  return 0;
}

function* nothing(): Steps<void> {}

function write(vm: XeVm, update: PtUpdate): void {
  const { pt } = vm;
  for (const { bind, vma, start, length, rebind } of update.ops) {
    if (!bind) pt.unmap(start, length);
    else if (rebind && vma.bo?.madv !== "purged") pt.rewrite(start, length);
    else {
      // The ring invalidates the TLB ahead of the next batch.
      if (rebind) pt.unmap(start, length, "later");
      // A purged object's addresses read the scratch page.
      const bo = vma.bo?.madv === "purged" ? null : vma.bo;
      const shift = start - vma.start;
      pt.map(start, length, bo, ptOffset(vma) + shift, vma.kind === "userptr" ? KIB4 : undefined);
    }
  }
}

/** Clears what a VMA has, at once, and the TLB (`xe_vm_invalidate_vma`). The object's dma_resv is held. */
export function zapVma(vma: XeVma): void {
  if (!vma.present) return;
  const { vm } = vma;
  if (vm.tablesFreed) {
    const what = `${vm.gpuvm.name}: page tables are written after they were given back`;
    vm.file.machine.hazard("use-after-free", vm.gpuvm.name, what);
  }
  vm.pt.unmap(vma.start, vma.end - vma.start);
  vm.pt.flush("unmap");
  vma.present = false;
}
