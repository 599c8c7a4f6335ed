import {
  type DrmExec,
  type DrmGpuvmBo,
  type Errno,
  gpuvmBoForEachVa,
  type Steps,
  gpuvmValidate as validateEvicted,
} from "@gpuvm/core";
import type { BindExecQueue } from "../bind/bind-exec-queue.ts";
import { opsExecute } from "../bind/bind-execute.ts";
import { rebindOp } from "../bind/bind-op.ts";
import type { XeBo } from "../memory/bo.ts";
import { PtUpdateOps } from "../pt/update-ops.ts";
import { validateBo } from "./validate.ts";
import type { XeVm } from "./vm.ts";

/**
 * An object that moved is wanted again (`xe_gpuvm_validate`): its pages come back, and its VMAs get onto the rebind list.
 * A purged one has no pages to bring back: its entries will read the scratch page, or nothing.
 */
export function* gpuvmValidate(vm: XeVm, vmBo: DrmGpuvmBo): Steps<Errno> {
  const bo = vmBo.obj as XeBo;
  gpuvmBoForEachVa(vmBo, (va) => {
    const vma = vm.vmas[va];
    if (vma === undefined) return;
    vm.rebindList.delete(vma);
    vm.rebindList.add(vma);
  });
  if (bo.madv !== "purged") {
    const ret = yield* validateBo(bo, vm, false);
    if (ret !== 0) return ret;
  }
  vmBo.evicted = false;
  return 0;
}

/**
 * Makes everything of the VM resident and bound (`xe_vm_validate_rebind`); long-running VMs are bound by their worker.
 * `exec` holds the dma_resvs of the VM and of its external objects.
 */
export function* validateRebind(vm: XeVm, exec: DrmExec, fences: number): Steps<Errno> {
  do {
    const ret = (yield* validateEvicted(vm.gpuvm, exec)) || (yield* rebind(vm, false));
    if (ret !== 0) return ret;
  } while (vm.gpuvm.evict.list.length > 0);
  for (const obj of exec.objects) obj.resv.reserve(fences);
  return 0;
}

/** Writes the entries of the VMAs on the rebind list again, as one job (`xe_vm_rebind`). */
export function* rebind(vm: XeVm, worker: boolean): Steps<Errno> {
  if ((vm.lrMode && !worker) || vm.rebindList.size === 0) return 0;
  const work = new PtUpdateOps(vm.q as BindExecQueue);
  // Something that the GPU may be using is written again: wait for everything, and let everything wait.
  work.waitVmBookkeep = true;
  const ops = [...vm.rebindList].map(rebindOp);
  const fence = yield* opsExecute(vm, work, ops);
  if (typeof fence === "number") return fence;
  vm.xe.machine.counts.rebinds += ops.length;
  vm.rebindList.clear();
  return 0;
}
