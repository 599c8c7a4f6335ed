import { EOPNOTSUPP, type Errno } from "./errno.ts";
import { GpuvmError } from "./error.ts";
import type { DrmExec } from "./exec.ts";
import type { DrmGemObject } from "./gem.ts";
import type { DrmGpuvm, DrmGpuvmBo } from "./gpuvm.ts";
import { assertGemListLocked, gemVmBos, gpuvmBoGet, gpuvmBoPut } from "./gpuvm-bo.ts";
import { List, type ListNode } from "./list.ts";
import type { Steps } from "./steps.ts";

const WALK_OF_EXTOBJ = "walk of extobj list";
const WALK_OF_EVICT = "walk of evict list";

/**
 * The object moved out of the GPU's reach, or came back (`drm_gpuvm_bo_evict`). Needs the object's dma_resv. With
 * RESV_PROTECTED an external link is only marked: the VM's list follows at the next `gpuvmPrepareObjects`.
 */
export function gpuvmBoEvict(vmBo: DrmGpuvmBo, evict: boolean): void {
  const { vm, obj } = vmBo;
  const { lockdep, current } = vm.dev;
  if (lockdep !== null) lockdep.assertHeld(current, obj.resv, "drm_gpuvm_bo_evict");
  if (vm.boOwnership === "soft" && vm.softGuards) return;
  vmBo.evicted = evict;
  if (vm.resvProtected && vm.isExtobj(obj)) return;
  if (!evict) vmBo.onEvict.remove();
  else if (vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);
}

/** {@link gpuvmBoEvict} for each link of an object (`drm_gpuvm_bo_gem_evict`). Needs the GEM list lock, too. */
export function gpuvmBoGemEvict(obj: DrmGemObject, evict: boolean): void {
  for (let node = gemVmBos(obj).head; node !== null; node = node.next) {
    assertGemListLocked(node.owner.vm, obj, "drm_gpuvm_bo_gem_evict");
    gpuvmBoEvict(node.owner, evict);
  }
}

/**
 * Calls the driver's `vmBoValidate` for each evicted link (`drm_gpuvm_validate`). With RESV_PROTECTED the VM's
 * dma_resv must be held, and links that are no longer evicted leave the list; without, only the driver's
 * `gpuvmBoEvict(vmBo, false)` takes them off.
 *
 * @returns 0; -EOPNOTSUPP without the hook; what the hook returned
 */
export function* gpuvmValidate(vm: DrmGpuvm, exec: DrmExec): Steps<Errno> {
  const { dev, ops } = vm;
  if (ops.vmBoValidate === undefined) return -EOPNOTSUPP;
  if (vm.boOwnership === "soft" && vm.softGuards) dev.warn("drm_gpuvm_validate on a VM with soft references");
  if (!vm.resvProtected) return yield* walkList(vm, "evict", (vmBo) => validateOne(vmBo, exec));
  if (dev.lockdep !== null) dev.lockdep.assertHeld(dev.current, vm.resv, "drm_gpuvm_validate");
  for (let node = vm.evict.list.head; node !== null; ) {
    const { next, owner: vmBo } = node;
    if (vmBo.refs !== 0) {
      const ret = yield* validateOne(vmBo, exec);
      if (ret !== 0) return ret;
      if (dev.lockdep !== null) dev.lockdep.assertHeld(dev.current, vmBo.obj.resv, "drm_gpuvm_validate");
      if (!vmBo.evicted) vmBo.onEvict.remove();
    }
    node = next;
  }
  return 0;
}

function* validateOne(vmBo: DrmGpuvmBo, exec: DrmExec): Steps<Errno> {
  const ret = vmBo.vm.ops.vmBoValidate?.(vmBo, exec) ?? -EOPNOTSUPP;
  return typeof ret === "number" ? ret : yield* ret;
}

/**
 * Walks a list that may change between steps: each element is held and parked on the walk's own list while `fn` runs;
 * at the end the parked ones go back to the front, in their order (`for_each_vm_bo_in_list`). Ends at the first
 * non-zero answer. @internal
 */
export function* walkList(
  vm: DrmGpuvm,
  which: "extobj" | "evict",
  fn: (vmBo: DrmGpuvmBo) => Steps<Errno>,
): Steps<Errno> {
  const walked = which === "extobj" ? vm.extobj : vm.evict;
  // Most VMs have nothing evicted, and many nothing external.
  if (walked.list.head === null && walked.local === null) return 0;
  const local = new List<DrmGpuvmBo>();
  const holder = which === "extobj" ? WALK_OF_EXTOBJ : WALK_OF_EVICT;
  let ret: Errno = 0;
  let held: DrmGpuvmBo | null = null;
  while (ret === 0) {
    gpuvmBoPut(held, holder);
    held = null;
    if (walked.local === null) walked.local = local;
    else if (walked.local !== local) vm.dev.warn(`two walks of the ${which} list of ${vm.name} at once`);
    for (let vmBo = walked.list.first(); vmBo !== null && held === null; vmBo = walked.list.first()) {
      nodeOf(vmBo, which).remove();
      if (vmBo.freed) throw dangling(vm, vmBo, which);
      if (vmBo.refs === 0) continue;
      if (vmBo.obj.refs === 0) throw dangling(vm, vmBo, which);
      local.push(nodeOf(vmBo, which));
      held = gpuvmBoGet(vmBo, holder);
    }
    if (held === null) break;
    ret = yield* fn(held);
  }
  gpuvmBoPut(held, holder);
  walked.list.spliceFront(local);
  walked.local = null;
  return ret;
}

function nodeOf(vmBo: DrmGpuvmBo, which: "extobj" | "evict"): ListNode<DrmGpuvmBo> {
  return which === "extobj" ? vmBo.onExtobj : vmBo.onEvict;
}

/** A weak link whose object is gone, reachable from the VM. */
function dangling(vm: DrmGpuvm, vmBo: DrmGpuvmBo, which: string): GpuvmError {
  return new GpuvmError(
    "USE_AFTER_FREE",
    `the ${which} list of ${vm.name} leads to ${vmBo.name}, whose object was freed: take soft links off the lists, or hold hard`,
    [vm.name, vmBo.name],
  );
}
