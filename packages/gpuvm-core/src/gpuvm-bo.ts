import { drain } from "./device.ts";
import { GpuvmError } from "./error.ts";
import type { DrmGemObject } from "./gem.ts";
import { type DrmGpuvm, DrmGpuvmBo } from "./gpuvm.ts";
import type { Holder } from "./ledger.ts";
import type { List } from "./list.ts";
import type { Steps } from "./steps.ts";

/** The links of an object to VMs (`drm_gem_for_each_gpuvm_bo`). */
export function gemVmBos(obj: DrmGemObject): List<DrmGpuvmBo> {
  return obj.gpuva as List<DrmGpuvmBo>;
}

/** The lock that protects the object's list of vm_bos, and their lists of VAs, must be held (`drm_gem_gpuva_assert_lock_held`). @internal */
export function assertGemListLocked(vm: DrmGpuvm, obj: DrmGemObject, where: string): void {
  const { lockdep, current } = vm.dev;
  // The series' patch 01/40: nobody else can come by an object without references.
  if (lockdep === null || (obj.refs === 0 && vm.boOwnership === "soft")) return;
  lockdep.assertHeld(current, vm.immediateMode ? obj.gpuvaLock : (obj.gpuvaListLock ?? obj.resv), where);
}

/** With RESV_PROTECTED the lists are the VM's dma_resv's. @internal */
export function assertListsLocked(vm: DrmGpuvm, where: string): void {
  const { lockdep, current } = vm.dev;
  if (lockdep !== null && vm.resvProtected) lockdep.assertHeld(current, vm.resv, where);
}

/**
 * A new link with one reference, on no list; uniqueness is the caller's affair (`drm_gpuvm_bo_create`).
 *
 * @returns null if memory is short
 */
export function gpuvmBoCreate(vm: DrmGpuvm, obj: DrmGemObject, holder: Holder): DrmGpuvmBo | null {
  if (!vm.dev.mayAlloc("vm_bo")) return null;
  const vmBo = vm.ops.vmBoAlloc === undefined ? new DrmGpuvmBo(vm, obj) : vm.ops.vmBoAlloc(vm, obj);
  if (vmBo === null) return null;
  vm.get(vmBo);
  if (vmBo.countsObj) obj.get(vmBo);
  if (vm.dev.ledger !== null) vm.dev.ledger.get(vmBo, holder);
  return vmBo;
}

/** Takes a reference (`drm_gpuvm_bo_get`). */
export function gpuvmBoGet(vmBo: DrmGpuvmBo, holder: Holder): DrmGpuvmBo {
  return taken(vmBo, holder);
}

// What is exported is looked up anew at each call, even in its own file.
function taken(vmBo: DrmGpuvmBo, holder: Holder): DrmGpuvmBo {
  if (vmBo.refs === 0) throw takenAfterFree(vmBo);
  vmBo.refs++;
  if (vmBo.vm.audited) vmBo.vm.dev.ledger?.get(vmBo, holder);
  return vmBo;
}

function takenAfterFree(vmBo: DrmGpuvmBo): GpuvmError {
  const { name } = vmBo;
  return new GpuvmError("USE_AFTER_FREE", `a reference is taken on ${name} after its last one was put`, [
    name,
  ]);
}

/**
 * The link on the object's list, with one more reference, or null (`drm_gpuvm_bo_find`). Needs the GEM list lock.
 */
export function gpuvmBoFind(vm: DrmGpuvm, obj: DrmGemObject, holder: Holder): DrmGpuvmBo | null {
  return found(vm, obj, holder);
}

function found(vm: DrmGpuvm, obj: DrmGemObject, holder: Holder): DrmGpuvmBo | null {
  if (vm.audited) assertGemListLocked(vm, obj, "drm_gpuvm_bo_find");
  for (let node = (obj.gpuva as List<DrmGpuvmBo>).head; node !== null; node = node.next) {
    if (node.owner.vm === vm) return taken(node.owner, holder);
  }
  return null;
}

/**
 * The link of VM and object, made if there is none (`drm_gpuvm_bo_obtain`, `_obtain_locked` since 7.0). Does not put
 * external objects on the VM's list: `gpuvmBoExtobjAdd` does. Needs the GEM list lock; not for immediate mode.
 *
 * @returns null for -ENOMEM
 */
export function gpuvmBoObtain(vm: DrmGpuvm, obj: DrmGemObject, holder: Holder): DrmGpuvmBo | null {
  if (vm.immediateMode)
    vm.dev.warn("drm_gpuvm_bo_obtain_locked allocates, which immediate mode forbids under the lock");
  return found(vm, obj, holder) ?? createOnList(vm, obj, holder);
}

function createOnList(vm: DrmGpuvm, obj: DrmGemObject, holder: Holder): DrmGpuvmBo | null {
  const vmBo = gpuvmBoCreate(vm, obj, holder);
  if (vmBo === null) return null;
  assertGemListLocked(vm, obj, "drm_gpuvm_bo_obtain");
  obj.gpuva.push(vmBo.onGem);
  return vmBo;
}

/**
 * Turns a preallocated link into the one of its VM and object (`drm_gpuvm_bo_obtain_prealloc`, 6.19 on): takes the
 * object's gpuva lock itself; if the link exists, drops the preallocated one, outside of that lock. Never fails.
 */
export function* gpuvmBoObtainPrealloc(prealloc: DrmGpuvmBo, holder: Holder): Steps<DrmGpuvmBo> {
  const { vm, obj } = prealloc;
  const { dev } = vm;
  if (!vm.immediateMode) dev.warn("drm_gpuvm_bo_obtain_prealloc is for immediate mode");
  if (dev.stopsAt(obj.gpuvaLock, "drm_gpuvm_bo_obtain_prealloc")) yield dev.point;
  obj.gpuvaLock.acquire(dev.current);
  const found = gpuvmBoFind(vm, obj, holder);
  if (found === null) obj.gpuva.push(prealloc.onGem);
  obj.gpuvaLock.release(dev.current);
  if (found === null) return prealloc;
  if (dropRef(prealloc, holder)) yield* freeVmBo(prealloc);
  return found;
}

/**
 * Drops a reference; the last one destroys the link on the spot (`drm_gpuvm_bo_put`), which needs the GEM list lock
 * and, with RESV_PROTECTED, the VM's dma_resv. It may put the object's last reference: the caller that holds the
 * object's lock must hold the object, too.
 *
 * @returns whether it was the last
 */
export function gpuvmBoPut(vmBo: DrmGpuvmBo | null, holder: Holder): boolean {
  if (vmBo === null) return false;
  if (vmBo.refs <= 1 || vmBo.vm.audited) return putChecked(vmBo, holder);
  vmBo.refs--;
  return false;
}

function putChecked(vmBo: DrmGpuvmBo, holder: Holder): boolean {
  const { lockdep, current } = vmBo.vm.dev;
  // A put that is not the last may be made in the signalling path, where one may sleep, but not free.
  if (vmBo.refs === 1 || current.context === "atomic") lockdep?.mightSleep(current, "drm_gpuvm_bo_put");
  if (!dropRef(vmBo, holder)) return false;
  destroy(vmBo);
  return true;
}

/** The put within an unlink. @internal */
export function boDestroyOnUnlink(vmBo: DrmGpuvmBo, holder: Holder): void {
  if (dropRef(vmBo, holder)) destroy(vmBo);
}

/** Drops one reference, whatever follows from it; true: it was the last. @internal */
export function dropRef(vmBo: DrmGpuvmBo, holder: Holder): boolean {
  if (vmBo.refs === 0)
    throw new GpuvmError("REFCOUNT", `the count of ${vmBo.name} goes below 0`, [vmBo.name]);
  if (vmBo.vm.dev.ledger !== null) vmBo.vm.dev.ledger.put(vmBo, holder);
  return --vmBo.refs === 0;
}

function destroy(vmBo: DrmGpuvmBo): void {
  const { vm, obj } = vmBo;
  assertListsLocked(vm, "drm_gpuvm_bo_destroy");
  if (vm.softGuards && obj.refs === 0 && (vmBo.onExtobj.list !== null || vmBo.onEvict.list !== null)) {
    vm.dev.warn(`${vmBo.name} is on a list of its VM, but its object is gone`);
  }
  vmBo.onExtobj.remove();
  vmBo.onEvict.remove();
  assertGemListLocked(vm, obj, "drm_gpuvm_bo_destroy");
  vmBo.onGem.remove();
  freeVmBoNow(vmBo);
}

/** The part of the destruction that needs no list: hook, VM reference, object reference. @internal */
export function* freeVmBo(vmBo: DrmGpuvmBo): Steps<void> {
  const hook = vmBo.vm.ops.vmBoFree?.(vmBo);
  if (hook !== undefined) yield* hook;
  letGo(vmBo);
}

/** As {@link freeVmBo}, within a put, where nobody can wait: a lock that another task has is an error. */
function freeVmBoNow(vmBo: DrmGpuvmBo): void {
  const hook = vmBo.vm.ops.vmBoFree?.(vmBo);
  if (hook !== undefined) drain(hook);
  letGo(vmBo);
}

function letGo(vmBo: DrmGpuvmBo): void {
  const { vm, obj } = vmBo;
  vm.dev.onFree?.(vmBo);
  vmBo.freed = true;
  vm.bos[vmBo.slot] = null;
  if (!vm.dev.quarantine) vm.freeSlots.push(vmBo.slot);
  vm.put(vmBo);
  if (vmBo.countsObj) obj.put(vmBo);
}

/** Puts an external object's link on the VM's list, once (`drm_gpuvm_bo_extobj_add`). Private objects: nothing. */
export function gpuvmBoExtobjAdd(vmBo: DrmGpuvmBo): void {
  const { vm } = vmBo;
  assertListsLocked(vm, "drm_gpuvm_bo_extobj_add");
  if (vm.boOwnership === "soft" && vm.softGuards) return;
  if (vm.isExtobj(vmBo.obj) && vmBo.onExtobj.list === null) vm.extobj.list.push(vmBo.onExtobj);
}
