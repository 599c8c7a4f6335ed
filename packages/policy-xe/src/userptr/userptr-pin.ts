import { EFAULT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lock, lockBriefly, unlock } from "@gpuvm/drm-model";
import { waitIdle } from "../preempt/preempt-fence.ts";
import { invalidateVma } from "../pt/invalidate.ts";
import type { XeVm, XeVma } from "../vm/vm.ts";
import type { UserptrLists, XeUserptr } from "./userptr.ts";

/**
 * Looks up which pages a mapping's memory has, and maps them for the device (`xe_vma_userptr_pin_pages`, `drm_gpusvm_get_pages`); what
 * changes meanwhile is looked up again. The VM's lock is held.
 *
 * @returns 0; -EFAULT: the program has no memory there; -ENOMEM
 */
export function* pinPages(vma: XeVma): Steps<Errno> {
  if (vma.destroyed) return 0;
  const { vm } = vma;
  const { dev } = vm.gpuvm;
  const userptr = vma.userptr as XeUserptr;
  const { notifier } = userptr;
  for (;;) {
    const seq = yield* notifier.readBegin(dev);
    if (userptr.mapped) {
      userptr.pagesSeq = seq;
      return 0;
    }
    if (!dev.mayAlloc("userptr pfns")) return -ENOMEM;
    const pages = notifier.memory.fault(notifier.start, notifier.end);
    if (pages === null) return -EFAULT;
    yield* lock(dev, vm.notifierLock, "drm_gpusvm_get_pages");
    const changed = notifier.readRetry(seq);
    if (changed) notifier.memory.release(vm.xe.machine, pages);
    else {
      userptr.pages = pages;
      userptr.mapped = true;
    }
    unlock(dev, vm.notifierLock);
    if (changed) continue;
    userptr.pagesSeq = seq;
    return 0;
  }
}

/**
 * Looks up what has changed in a VM without page faults, and has it bound again (`xe_vm_userptr_pin`). What the program has no memory
 * for any more is unbound. The VM's lock is held.
 */
export function* userptrPin(vm: XeVm): Steps<Errno> {
  const lists = vm.userptr;
  if (lists === null) return 0;
  const { xe } = vm;
  if (lists.repin.size > 0)
    xe.machine.hazard("kernel-warning", vm.gpuvm.name, `${vm.gpuvm.name}: the repin list is not empty`);
  for (const vma of lists.invalidated) lists.repin.add(vma);
  lists.invalidated.clear();
  let err: Errno = 0;
  for (const vma of [...lists.repin]) {
    err = yield* pinPages(vma);
    if (err === -EFAULT) {
      lists.repin.delete(vma);
      // It may have been looked up, and not been bound, before: it has nothing to be bound to.
      if (!xe.defects.has("X11")) vm.rebindList.delete(vma);
      yield* unbind(vma);
      err = 0;
    } else if (err !== 0) break;
    else {
      lists.repin.delete(vma);
      vm.rebindList.delete(vma);
      vm.rebindList.add(vma);
    }
  }
  if (err !== 0 && !xe.defects.has("X12")) yield* putBack(vm, lists);
  return err;
}

function* unbind(vma: XeVma): Steps<void> {
  const { vm } = vma;
  const { dev, resv } = vm.gpuvm;
  yield* lock(dev, resv, "xe_vm_userptr_pin");
  yield* waitIdle(dev, resv, "xe_vm_userptr_pin");
  yield* lockBriefly(dev, vm.notifierLock, "xe_vm_userptr_pin");
  invalidateVma(vma);
  unlock(dev, vm.notifierLock);
  unlock(dev, resv);
}

/** Whoever comes next looks them up. */
function* putBack(vm: XeVm, { repin, invalidated }: UserptrLists<XeVma>): Steps<void> {
  const { dev } = vm.gpuvm;
  yield* lockBriefly(dev, vm.notifierLock, "xe_vm_userptr_pin");
  for (const vma of repin) {
    invalidated.delete(vma);
    invalidated.add(vma);
  }
  repin.clear();
  unlock(dev, vm.notifierLock);
}
