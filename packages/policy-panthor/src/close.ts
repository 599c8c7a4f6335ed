import { EINVAL, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { preempt, releaseSyncobjs, type VmDestroy } from "@gpuvm/drm-model";
import type { Panthor } from "./device.ts";
import { unmapRange } from "./gem/kernel-bo.ts";
import { munmap } from "./gem/mmap.ts";
import { destroyHeaps } from "./heap/pool-life.ts";
import type { PanthorVm } from "./mmu/vm.ts";
import type { PanthorFile } from "./panthor-file.ts";
import { groupDestroy } from "./sched/group-create.ts";

/** `panthor_ioctl_vm_destroy`. */
export function* vmDestroyIoctl(panthor: Panthor, file: PanthorFile, req: VmDestroy): Steps<Errno> {
  const vm = file.vms.get(req.vm);
  if (vm === undefined) return -EINVAL;
  file.vms.delete(req.vm);
  file.vmNumbers.release(req.vm);
  yield* vmDestroy(panthor, vm, file);
  return 0;
}

/**
 * The end of a VM (`panthor_vm_destroy`): no new bind jobs, the heaps go, the whole range is unmapped, which also drains
 * what earlier operations deferred, and `holder`'s reference is put. Jobs and groups may hold the VM beyond it.
 */
export function* vmDestroy(panthor: Panthor, vm: PanthorVm, holder: Holder): Steps<void> {
  vm.destroyed = true;
  yield* preempt(panthor.machine.dev, "preempt", "panthor_vm_destroy");
  // A VM that is in use has its groups evicted, if their end was asked for (`panthor_sched_prepare_for_vm_destruction`).
  if (panthor.defects.has("PA7") && vm.asActive > 0) {
    panthor.machine.hazard(
      "gpu-fault",
      vm.gpuvm.name,
      `${vm.gpuvm.name} is unmapped while a group is resident in it`,
    );
  } else if (vm.asActive > 0)
    yield* panthor.sched.tickWork.item.flush("panthor_sched_prepare_for_vm_destruction");
  yield* destroyHeaps(panthor, vm);
  yield* unmapRange(panthor, vm, 0, vm.gpuvm.mmEnd, "teardown");
  vm.gpuvm.put(holder);
}

/**
 * The last descriptor of a file goes: syncobjs and handles (`drm_syncobj_release`, `drm_gem_release`), then the groups, then
 * the VMs (`panthor_postclose`).
 */
export function* fileClose(panthor: Panthor, file: PanthorFile): Steps<void> {
  // A mapping holds the file, so none is left by then.
  for (const handle of [...file.mmaps.keys()]) yield* munmap(panthor, file, handle);
  releaseSyncobjs(file);
  yield* file.closeAll(null);
  for (const dmaBuf of file.exports.values()) dmaBuf.close();
  file.exports.clear();
  for (const name of file.groupNumbers.names()) {
    const group = file.groups.get(name);
    file.groups.delete(name);
    if (group !== undefined) yield* groupDestroy(panthor, file, group);
  }
  for (const name of file.vmNumbers.names()) {
    const vm = file.vms.get(name);
    file.vms.delete(name);
    if (vm !== undefined) yield* vmDestroy(panthor, vm, file);
  }
  file.dummy?.put(file);
  file.dummy = null;
}
