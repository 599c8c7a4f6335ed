import { EBUSY, ENOENT, type Errno, gpuvmFirstVa, gpuvmNextVa, type Holder, type Steps } from "@gpuvm/core";
import { lock, releaseSyncobjs, unlock, type VmDestroy } from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import { queueKill } from "./exec/queue.ts";
import { closeHook } from "./memory/gem.ts";
import { flushRebindWork } from "./preempt/preempt.ts";
import { waitIdle } from "./preempt/preempt-fence.ts";
import type { XeVm, XeVma } from "./vm/vm.ts";
import { prepVmaDestroy, vmaDestroy, vmaDestroyUnlocked } from "./vm/vma-life.ts";
import type { XeFile } from "./xe-file.ts";

/** `xe_vm_destroy_ioctl`: -EBUSY while queues of long-running work are left. */
export function* vmDestroyIoctl(xe: Xe, file: XeFile, req: VmDestroy): Steps<Errno> {
  const vm = file.vms.get(req.vm);
  if (vm === undefined) return -ENOENT;
  if (vm.preempt !== null && vm.preempt.queues.length > 0) return -EBUSY;
  file.vms.delete(req.vm);
  yield* vmCloseAndPut(xe, vm, file);
  return 0;
}

/**
 * The end of a VM (`xe_vm_close_and_put`): no more work is taken, what runs is waited for, the page tables' root is
 * cleared, its bind queue goes, every VMA is destroyed, and `holder`'s reference is put. VMAs of external objects come one
 * by one with the object locked, and before the page tables go: an eviction that holds only the object may be looking at
 * them.
 */
export function* vmCloseAndPut(xe: Xe, vm: XeVm, holder: Holder): Steps<void> {
  const { machine, defects } = xe;
  const { dev } = machine;
  const { gpuvm } = vm;
  yield* vmClose(xe, vm);
  yield* flushRebindWork(vm);
  vm.q?.kref.put(gpuvm);
  vm.q = null;

  yield* lock(dev, vm.lock, "xe_vm_close_and_put");
  yield* lock(dev, gpuvm.resv, "xe_vm_close_and_put");
  const contested = yield* destroyVmas(vm);
  unlock(dev, gpuvm.resv);
  if (defects.has("X4")) vm.pt.free();
  for (const vma of contested) yield* vmaDestroyUnlocked(vma);
  vm.pt.free();
  vm.pt.end(gpuvm.name);
  unlock(dev, vm.lock);
  if (vm.asid !== 0) xe.asidToVm.delete(vm.asid);
  gpuvm.put(holder);
}

/** `xe_vm_close`. */
function* vmClose(xe: Xe, vm: XeVm): Steps<void> {
  const { dev } = xe.machine;
  yield* lock(dev, vm.lock, "xe_vm_close");
  const notified = vm.faultMode && vm.userptr !== null;
  if (notified) yield* lock(dev, vm.notifierLock, "xe_vm_close");
  vm.size = 0;
  yield* waitIdle(dev, vm.gpuvm.resv, "xe_vm_close");
  vm.pt.clearRoot();
  vm.pt.invalidateAll("close", 0, xe.platform.vaSize);
  if (notified) unlock(dev, vm.notifierLock);
  unlock(dev, vm.lock);
}

/** @returns the VMAs of external objects, which are to be destroyed one by one */
function* destroyVmas(vm: XeVm): Steps<XeVma[]> {
  const { gpuvm, record } = vm;
  const contested: XeVma[] = [];
  for (let va = gpuvmFirstVa(gpuvm); va !== 0; ) {
    const next = gpuvmNextVa(gpuvm, va);
    const vma = vm.vmas[va] as XeVma;
    record.torn(gpuvm.vas.range(va));
    yield* prepVmaDestroy(vma, true);
    vm.rebindList.delete(vma);
    if (vma.contested) contested.push(vma);
    else yield* vmaDestroy(vma, null);
    va = next;
  }
  return contested;
}

/**
 * The last descriptor of a file goes: the handles (`drm_gem_release`), then the queues, then the VMs (`xe_file_close`).
 */
export function* fileClose(xe: Xe, file: XeFile): Steps<void> {
  releaseSyncobjs(file);
  yield* file.closeAll(closeHook(xe));
  for (const dmaBuf of file.exports.values()) dmaBuf.close();
  file.exports.clear();
  const queues = [...file.queues.values()];
  file.queues.clear();
  for (const queue of queues) {
    yield* queueKill(queue);
    queue.kref.put(file);
  }
  const vms = [...file.vms.values()];
  file.vms.clear();
  for (const vm of vms) yield* vmCloseAndPut(xe, vm, file);
  file.kref.put("device");
}
