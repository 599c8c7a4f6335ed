import { EINVAL, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { preempt, type VmDestroy } from "@gpuvm/drm-model";
import { type Panthor, vmIdle } from "./device.ts";
import { groupDestroy } from "./group.ts";
import { heapPoolDestroy } from "./heap.ts";
import { unmapRange } from "./kernel-bo.ts";
import type { PanthorFile } from "./panthor-file.ts";
import type { PanthorVm } from "./vm.ts";

/** `panthor_ioctl_vm_destroy`. */
export function* vmDestroyIoctl(panthor: Panthor, file: PanthorFile, req: VmDestroy): Steps<Errno> {
  const vm = file.vms.get(req.vm);
  if (vm === undefined) return -EINVAL;
  file.vms.delete(req.vm);
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
  if (!panthor.defects.has("PA7")) vmIdle(panthor, vm);
  else if (panthor.slots.includes(vm)) {
    panthor.machine.hazard(
      "gpu-fault",
      vm.gpuvm.name,
      `${vm.gpuvm.name} is unmapped while a group is resident in it`,
    );
  }
  yield* heapPoolDestroy(panthor, vm);
  yield* unmapRange(panthor, vm, 0, vm.gpuvm.mmEnd, "teardown");
  vm.gpuvm.put(holder);
}

/**
 * The last descriptor of a file goes: the handles (`drm_gem_release`), then the groups, then the VMs
 * (`panthor_postclose`).
 */
export function* fileClose(panthor: Panthor, file: PanthorFile): Steps<void> {
  yield* file.closeAll(null);
  for (const dmaBuf of file.exports.values()) dmaBuf.close();
  file.exports.clear();
  const groups = [...file.groups.values()];
  file.groups.clear();
  for (const group of groups) groupDestroy(file, group);
  const vms = [...file.vms.values()];
  file.vms.clear();
  for (const vm of vms) yield* vmDestroy(panthor, vm, file);
  file.dummy?.put(file);
  file.dummy = null;
}
