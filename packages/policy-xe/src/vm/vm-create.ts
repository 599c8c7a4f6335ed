import { type DrmDevice, EINVAL, ENOMEM, type Errno, gpuvmResvObjectAlloc, type Steps } from "@gpuvm/core";
import { preempt, type VmCreate } from "@gpuvm/drm-model";
import { BindExecQueue } from "../bind/bind-exec-queue.ts";
import type { Xe } from "../device.ts";
import { VM_FAULT_MODE, VM_FLAGS, VM_LR_MODE, VM_NO_OVERCOMMIT, VM_SCRATCH_PAGE } from "../flags.ts";
import type { XeFile } from "../xe-file.ts";
import { gpuvmValidate } from "./rebind.ts";
import { XeVm } from "./vm.ts";

/** `xe_vm_create_ioctl`. The id is published last: from then on another thread may destroy the VM. */
export function* vmCreate(xe: Xe, file: XeFile, req: VmCreate): Steps<Errno> {
  const { dev } = xe.machine;
  const flags = req.flags ?? 0;
  if ((flags & ~VM_FLAGS) !== 0) return -EINVAL;
  const { platform } = xe;
  const fault = (flags & VM_FAULT_MODE) !== 0;
  if (fault && (!platform.hasUsm || (flags & VM_LR_MODE) === 0)) return -EINVAL;
  if (fault && (flags & VM_SCRATCH_PAGE) !== 0 && !platform.needsScratch) return -EINVAL;
  if ((flags & VM_NO_OVERCOMMIT) !== 0 && !fault) return -EINVAL;
  if (file.vms.has(req.vm)) return -EINVAL;
  yield* preempt(dev, "alloc", "xe_vm_create");
  if (!dev.mayAlloc("xe vm")) return -ENOMEM;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return -ENOMEM;
  const vm = new XeVm(xe, file, req.vm, flags, rObj, gpuvmValidate);
  rObj.put("creator");
  if (!vm.pt.createRoot(vm.hasScratch)) {
    vm.size = 0;
    vm.gpuvm.put("creator");
    return -ENOMEM;
  }
  vm.q = new BindExecQueue(xe.machine, platform.gtCount, vm, vm.gpuvm, null);
  if (vm.faultMode) {
    vm.asid = ++xe.lastAsid;
    xe.asidToVm.set(vm.asid, vm.gpuvm);
  }
  if (xe.defects.has("X1")) {
    // Before the fix the id was public while the creator still worked on the VM, without a reference of its own.
    publishVm(dev, file, req.vm, vm);
    yield* preempt(dev, "publish", "xe_vm_create_ioctl");
    vm.gpuvm.get("ioctl");
    vm.gpuvm.put("ioctl");
    return 0;
  }
  yield* preempt(dev, "publish", "xe_vm_create_ioctl");
  publishVm(dev, file, req.vm, vm);
  return 0;
}

function publishVm(dev: DrmDevice, file: XeFile, id: number, vm: XeVm): void {
  dev.ledger?.move(vm.gpuvm, "creator", file);
  file.vms.set(id, vm);
}
