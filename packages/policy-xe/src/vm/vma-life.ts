import {
  type DmaFence,
  DrmExec,
  type DrmGemObject,
  EBUSY,
  EINVAL,
  ENOMEM,
  type Errno,
  gpuvaAlloc,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoExtobjAdd,
  gpuvmBoObtain,
  gpuvmBoPut,
  type Steps,
} from "@gpuvm/core";
import { lockBriefly, preempt, unlock } from "@gpuvm/drm-model";
import type { XeBo } from "../memory/bo.ts";
import { vmaCountDec, vmaCountInc, willneedGet, willneedPut } from "../memory/purgeable.ts";
import { addPreemptFences } from "../preempt/preempt-state.ts";
import type { XeUserFence } from "../sync/user-fence.ts";
import { userptrSetup } from "../userptr/userptr-notifier.ts";
import { pinPages } from "../userptr/userptr-pin.ts";
import { type VmaAttributes, type XeVm, XeVma } from "./vm.ts";

/**
 * A new VMA, linked and holding what it holds, not yet in the tree (`xe_vma_create`). The dma_resvs of VM and object are
 * held.
 */
function vmaCreate(
  vm: XeVm,
  start: number,
  range: number,
  obj: DrmGemObject | null,
  offset: number,
  attributes: VmaAttributes,
): XeVma | Errno {
  const { gpuvm } = vm;
  const { dev } = gpuvm;
  if (!dev.mayAlloc("xe vma")) return -ENOMEM;
  const bo = obj as XeBo | null;
  if (bo !== null && attributes.willneed) {
    // Pieces of a mapping that may go are made all the same.
    if (bo.madv === "dontneed") return -EBUSY;
    if (bo.madv === "purged") return -EINVAL;
  }
  const va = gpuvaAlloc(gpuvm);
  gpuvaInit(gpuvm, va, start, range, obj, attributes.kind === "null" ? 0 : offset);
  const vma = new XeVma(vm, va, bo, attributes);
  if (bo !== null) {
    const had = bo.gpuva.length;
    const vmBo = gpuvmBoObtain(gpuvm, bo, "ioctl");
    if (vmBo === null) {
      gpuvaFree(gpuvm, va);
      return -ENOMEM;
    }
    if (bo.gpuva.length > had) bo.machine.counts.vmBosCreated++;
    gpuvmBoExtobjAdd(vmBo);
    bo.get(vma);
    gpuvaLink(gpuvm, va, vmBo);
    gpuvmBoPut(vmBo, "ioctl");
    vmaCountInc(bo);
    if (vma.willneed) willneedGet(bo);
  } else {
    if (vma.kind === "userptr" && !dev.mayAlloc("mmu notifier")) {
      gpuvaFree(gpuvm, va);
      return -ENOMEM;
    }
    if (vma.kind === "userptr") vma.userptr = userptrSetup(vma, offset, range);
    gpuvm.get(vma);
  }
  vm.vmas[va] = vma;
  vm.file.machine.counts.vasCreated++;
  return vma;
}

/**
 * A new VMA for an operation, with the locks it needs (`new_vma`).
 *
 * @returns the VMA, or -errno
 */
export function* newVma(
  vm: XeVm,
  start: number,
  range: number,
  obj: DrmGemObject | null,
  offset: number,
  attributes: VmaAttributes,
): Steps<XeVma | Errno> {
  const { dev } = vm.gpuvm;
  yield* preempt(dev, "alloc", "xe_vma_create");
  if (obj === null) {
    const vma = vmaCreate(vm, start, range, null, offset, attributes);
    if (typeof vma === "number" || vma.userptr === null) return vma;
    const err = yield* pinPages(vma);
    if (err === 0) return vma;
    yield* prepVmaDestroy(vma, false);
    yield* vmaDestroyUnlocked(vma);
    return err;
  }
  const exec = new DrmExec(dev);
  while (exec.untilAllLocked()) {
    if ((obj as XeBo).vm === null) {
      yield* exec.lockObj(vm.gpuvm.rObj);
      if (exec.contended !== null) continue;
    }
    yield* exec.lockObj(obj);
  }
  const vma = vmaCreate(vm, start, range, obj, offset, attributes);
  if (typeof vma !== "number" && vma.contested) addPreemptFences(vm, vma.bo as XeBo);
  exec.fini();
  return vma;
}

/** Puts a VMA into the tree (`xe_vm_insert_vma`). */
export function insertVma(vma: XeVma): Errno {
  return gpuvaInsert(vma.vm.gpuvm, vma.va);
}

/** Marks a VMA as going, and takes it out of the tree if it is in it (`prep_vma_destroy`). */
export function* prepVmaDestroy(vma: XeVma, inTree: boolean): Steps<void> {
  yield* setDestroyed(vma, true);
  if (!inTree) return;
  // `xe_vm_remove_vma`
  const { vm } = vma;
  gpuvaRemove(vm.gpuvm, vma.va);
  if (vm.lastFaultVma === vma) vm.lastFaultVma = null;
}

/** A VMA does not go after all: the bind failed. */
export function unprepVmaDestroy(vma: XeVma): Steps<void> {
  return setDestroyed(vma, false);
}

/** A notifier looks at it, so the notifier lock is taken; where there was never a notifier, nobody has it. */
function* setDestroyed(vma: XeVma, destroyed: boolean): Steps<void> {
  const { vm } = vma;
  const { dev } = vm.gpuvm;
  if (vm.userptr !== null) yield* lockBriefly(dev, vm.notifierLock, "prep_vma_destroy");
  vma.destroyed = destroyed;
  if (vm.userptr !== null) unlock(dev, vm.notifierLock);
}

/**
 * The end of a VMA that is out of the tree (`xe_vma_destroy`): unlinked now, so that its vm_bo may go; the VMA and what it
 * holds go in a worker when `fence`, of the unbind, has signalled. Without a fence: at once. The dma_resvs of VM and
 * object are held.
 */
export function* vmaDestroy(vma: XeVma, fence: DmaFence | null): Steps<void> {
  const { vm, bo } = vma;
  if (vma.userptr !== null) userptrDestroy(vma);
  if (bo !== null) {
    gpuvaUnlink(vm.gpuvm, vma.va);
    vmaCountDec(bo);
    if (vma.willneed) willneedPut(bo);
  }
  if (fence === null || fence.signaled) yield* vmaDestroyLate(vma);
  else destroyBehind(vma, fence);
}

/** `vma_destroy_cb`. */
function destroyBehind(vma: XeVma, fence: DmaFence): void {
  const { machine } = vma.vm.file;
  fence.onSignal(() => machine.queueWork("xe vma_destroy_work", () => vmaDestroyLate(vma)));
}

/** A mapping is not taken away before this is written (`vma_add_ufence`). */
export function vmaAddUfence(vma: XeVma, ufence: XeUserFence): void {
  vma.ufence?.kref.put(vma);
  vma.ufence = ufence;
  ufence.kref.get(vma);
}

/** `xe_userptr_destroy`. */
function userptrDestroy(vma: XeVma): void {
  vma.vm.userptr?.invalidated.delete(vma);
}

/** `vma_destroy_work_func`, `xe_vma_destroy_late`. */
function* vmaDestroyLate(vma: XeVma): Steps<void> {
  const { vm, va, bo, userptr } = vma;
  vma.ufence?.kref.put(vma);
  vma.ufence = null;
  if (userptr !== null) {
    // `xe_userptr_remove`: only now, when the GPU has nothing to do with the memory any more.
    const { dev } = vm.gpuvm;
    yield* lockBriefly(dev, vm.notifierLock, "drm_gpusvm_free_pages");
    userptr.unmapPages(vm.xe.machine);
    unlock(dev, vm.notifierLock);
    yield* userptr.notifier.remove(dev);
    userptr.notifier.freed(vm.xe.machine);
  }
  const list = listOf(vma);
  if (list !== null)
    vm.file.machine.hazard("dangling-list", vma.name, `${vma.name} is freed while it is on the ${list} list`);
  // The VMA is freed last in the kernel, but its name is needed for the put and is gone with it here.
  if (bo !== null) bo.put(vma);
  else vm.gpuvm.put(vma);
  vm.vmas[va] = undefined;
  gpuvaFree(vm.gpuvm, va);
}

/** A list of the VM's that a VMA is on. */
function listOf(vma: XeVma): string | null {
  const { rebindList, userptr } = vma.vm;
  if (rebindList.has(vma)) return "rebind";
  if (userptr?.repin.has(vma)) return "repin";
  return userptr?.invalidated.has(vma) ? "invalidated" : null;
}

/** {@link vmaDestroy} at once, with the locks it needs (`xe_vma_destroy_unlocked`). */
export function* vmaDestroyUnlocked(vma: XeVma): Steps<void> {
  const exec = new DrmExec(vma.vm.gpuvm.dev);
  while (exec.untilAllLocked()) {
    yield* exec.lockObj(vma.vm.gpuvm.rObj);
    if (exec.contended !== null) continue;
    if (vma.contested) yield* exec.lockObj(vma.bo as XeBo);
  }
  yield* vmaDestroy(vma, null);
  exec.fini();
}
