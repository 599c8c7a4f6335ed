import { detach, vaName } from "./gpuva.ts";
import type { DrmGpuvm, DrmGpuvmBo } from "./gpuvm.ts";
import { dropRef, freeVmBo } from "./gpuvm-bo.ts";
import type { Holder } from "./ledger.ts";
import type { Steps } from "./steps.ts";
import type { Gpuva } from "./va.ts";

/*
 * Deferred destruction, for immediate mode (6.19 on). The tree is then changed in the fence-signalling path, where
 * freeing a vm_bo is not allowed: live (count > 0) -> zombie (count 0, off the object's list) -> freed by the cleanup.
 * A zombie still owns its VM and its object.
 */

/**
 * Drops a reference; the last one makes the vm_bo a zombie (`drm_gpuvm_bo_put_deferred`). Takes the object's gpuva
 * lock itself, for the last one.
 *
 * @returns whether it became a zombie
 */
export function* gpuvmBoPutDeferred(vmBo: DrmGpuvmBo | null, holder: Holder): Steps<boolean> {
  if (vmBo === null) return false;
  const { vm, obj } = vmBo;
  const { dev } = vm;
  if (!vm.immediateMode) dev.warn("drm_gpuvm_bo_put_deferred is for immediate mode");
  if (vmBo.refs > 1) {
    dropRef(vmBo, holder);
    return false;
  }
  if (dev.stopsAt(obj.gpuvaLock, "drm_gpuvm_bo_put_deferred")) yield dev.point;
  obj.gpuvaLock.acquire(dev.current);
  const last = dropRef(vmBo, holder);
  if (last) intoZombie(vmBo);
  obj.gpuvaLock.release(dev.current);
  if (last) pushDeferred(vmBo);
  return last;
}

/**
 * Takes a VA off its vm_bo's list and drops its reference, the last one making the vm_bo a zombie
 * (`drm_gpuva_unlink_defer`). Takes the object's gpuva lock itself. A VA without object is left alone.
 */
export function* gpuvaUnlinkDefer(vm: DrmGpuvm, va: Gpuva): Steps<void> {
  const owner = vm.vas.owner(va);
  if (owner === 0) return;
  const { dev } = vm;
  if (!vm.immediateMode) dev.warn("drm_gpuva_unlink_defer is for immediate mode");
  const lock = owner < 0 ? (vm.bos[-owner] as DrmGpuvmBo).obj.gpuvaLock : null;
  if (lock !== null) {
    if (dev.stopsAt(lock, "drm_gpuva_unlink_defer")) yield dev.point;
    lock.acquire(dev.current);
  }
  const vmBo = detach(vm, va, "drm_gpuva_unlink_defer") as DrmGpuvmBo;
  const last = dropRef(vmBo, dev.ledger === null ? "" : vaName(vm, va));
  if (last) intoZombie(vmBo);
  lock?.release(dev.current);
  // Only now: as soon as it is on the list another thread may free it, and with it the object that has the lock.
  if (last) pushDeferred(vmBo);
}

/**
 * Frees the VM's zombies, newest first (`drm_gpuvm_bo_deferred_cleanup`). Takes the VM's dma_resv itself if the lists
 * are protected by it. The caller holds a VM reference, and runs where it may sleep.
 */
export function* gpuvmBoDeferredCleanup(vm: DrmGpuvm): Steps<void> {
  const { dev } = vm;
  if (dev.lockdep !== null) dev.lockdep.mightSleep(dev.current, "drm_gpuvm_bo_deferred_cleanup");
  let zombies = vm.deferred;
  vm.deferred = null;
  if (zombies === null) return;
  if (vm.resvProtected) {
    if (dev.stopsAt(vm.resv, "drm_gpuvm_bo_deferred_cleanup")) yield dev.point;
    vm.resv.acquire(dev.current);
    for (let vmBo: DrmGpuvmBo | null = zombies; vmBo !== null; vmBo = vmBo.deferNext) {
      vmBo.onExtobj.remove();
      vmBo.onEvict.remove();
    }
    vm.resv.release(dev.current);
  }
  while (zombies !== null) {
    const vmBo: DrmGpuvmBo = zombies;
    zombies = vmBo.deferNext;
    vmBo.deferNext = null;
    yield* freeVmBo(vmBo);
  }
}

function intoZombie(vmBo: DrmGpuvmBo): void {
  if (!vmBo.vm.resvProtected) {
    vmBo.onExtobj.remove();
    vmBo.onEvict.remove();
  }
  vmBo.onGem.remove();
}

function pushDeferred(vmBo: DrmGpuvmBo): void {
  vmBo.deferNext = vmBo.vm.deferred;
  vmBo.vm.deferred = vmBo;
}
