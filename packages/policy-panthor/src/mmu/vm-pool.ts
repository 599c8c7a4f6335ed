import { EBUSY, EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { preempt, type VmCreate } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { MAX_VMS, MIN_KERNEL_VA, VA_SIZE } from "../flags.ts";
import type { PanthorFile } from "../panthor-file.ts";
import type { PanthorVm } from "./vm.ts";
import { createVm } from "./vm-create.ts";

/**
 * The VM of an id, with a reference of the call (`panthor_vm_pool_get_vm`): entry and count are read under one lock.
 *
 * @returns undefined: no such VM
 */
export function* vmGet(
  panthor: Panthor,
  file: PanthorFile,
  id: number | undefined,
): Steps<PanthorVm | undefined> {
  const vm = file.vms.get(id ?? 0);
  if (panthor.defects.has("PA2")) yield* preempt(panthor.machine.dev, "preempt", "panthor_vm_pool_get_vm");
  vm?.gpuvm.get("ioctl");
  return vm;
}

/** `panthor_ioctl_vm_create`: the kernel's part is what programs leave, a power of two at the top. */
export function* vmCreate(panthor: Panthor, file: PanthorFile, req: VmCreate): Steps<Errno> {
  const { dev } = panthor.machine;
  if ((req.flags ?? 0) !== 0 || file.vms.has(req.vm)) return -EINVAL;
  const user = req.vaRange === undefined || req.vaRange === 0 ? VA_SIZE / 2 : req.vaRange;
  if (user > VA_SIZE - MIN_KERNEL_VA) return -EINVAL;
  // `panthor_vm_create_check_args`
  const kernel = 2 ** Math.floor(Math.log2(VA_SIZE - user));
  yield* preempt(dev, "alloc", "panthor_vm_create");
  const owner = { file: file.id, id: req.vm, purpose: "program" };
  const vm = createVm(panthor, owner, VA_SIZE, { start: VA_SIZE - kernel, size: kernel });
  if (vm === null) return -ENOMEM;
  vm.dummy = file.dummy?.get(vm.gpuvm) ?? null;
  yield* preempt(dev, "publish", "panthor_vm_pool_create_vm");
  if (file.vms.size >= MAX_VMS) {
    vm.gpuvm.put("creator");
    return -EBUSY;
  }
  dev.ledger?.move(vm.gpuvm, "creator", file);
  file.vms.set(req.vm, vm);
  file.vmNumbers.take(req.vm);
  return 0;
}
