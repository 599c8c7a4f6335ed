import {
  type DrmExec,
  type DrmGpuvmBo,
  type Errno,
  gpuvmBoForEachVa,
  gpuvmValidate,
  type Steps,
} from "@gpuvm/core";
import { validateBo, type XeBo } from "./bo.ts";
import { PtUpdate, ptUpdateRun } from "./pt.ts";
import type { XeVm } from "./vm.ts";

/**
 * An object that moved is wanted again (`xe_gpuvm_validate`): its pages come back, and its VMAs get onto the rebind list.
 * A purged one has no pages to bring back: its entries will read the scratch page.
 */
export function gpuvmValidateHook(vm: XeVm): (vmBo: DrmGpuvmBo) => Errno {
  return (vmBo) => {
    const bo = vmBo.obj as XeBo;
    gpuvmBoForEachVa(vmBo, (va) => {
      const vma = vm.vmas[va];
      if (vma !== undefined) vm.rebindList.add(vma);
    });
    if (bo.madv !== "purged") {
      const ret = validateBo(bo);
      if (ret !== 0) return ret;
    }
    vmBo.evicted = false;
    return 0;
  };
}

/**
 * Makes everything of the VM resident and bound (`xe_vm_validate_rebind`). `exec` holds the dma_resvs of the VM and of
 * its external objects.
 */
export function* validateRebind(vm: XeVm, exec: DrmExec, fences: number, worker = false): Steps<Errno> {
  do {
    const ret = (yield* gpuvmValidate(vm.gpuvm, exec)) || rebind(vm, worker);
    if (ret !== 0) return ret;
  } while (vm.gpuvm.evict.list.length > 0);
  for (const obj of exec.objects) obj.resv.reserve(fences);
  return 0;
}

/** Writes the entries of the VMAs on the rebind list again, as one job (`xe_vm_rebind`). */
function rebind(vm: XeVm, worker: boolean): Errno {
  if ((vm.lrMode && !worker) || vm.rebindList.size === 0) return 0;
  const update = new PtUpdate();
  update.waitBookkeep = true;
  for (const vma of vm.rebindList) update.bind(vma);
  // On a VM with ends of jobs the ring invalidates the TLB ahead of the next batch (`vm->tlb_flush_seqno`).
  const { counts } = vm.file.machine;
  if (!vm.lrMode) vm.pt.flush("unmap");
  const fence = ptUpdateRun(vm, update);
  if (typeof fence === "number") return fence;
  counts.rebinds += update.ops.length;
  vm.rebindList.clear();
  return 0;
}
