import { EINVAL, ENOENT, type Errno, type Steps } from "@gpuvm/core";
import { lock, type Madvise, unlock } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import type { Xe } from "./device.ts";
import type { XeFile } from "./xe-file.ts";

/**
 * Follows the counters of a BO (`xe_bo_recompute_purgeable_state`): when the last one that wants the contents has gone
 * while VMAs remain, the pages may be dropped. Its dma_resv is held.
 */
export function recomputePurgeable(bo: XeBo): void {
  if (bo.madv === "purged") return;
  bo.madv = bo.willneed === 0 && bo.vmas > 0 ? "dontneed" : "willneed";
  bo.purgeable = bo.madv === "dontneed";
}

/**
 * Says of an object's mappings in the file's VMs whether the contents are wanted (`xe_vm_madvise_ioctl` with
 * `DRM_XE_MEM_RANGE_ATTR_PURGEABLE`). In the uAPI the call names an address range; a program asks it for the ranges of
 * the object.
 *
 * @returns -EINVAL if they are wanted again, but are gone
 */
export function* madvise(xe: Xe, file: XeFile, req: Madvise): Steps<Errno> {
  const { dev } = xe.machine;
  const bo = file.lookup(req.bo, "ioctl");
  if (bo === null) return -ENOENT;
  let ret: Errno = 0;
  for (const vm of [...file.vms.values()]) {
    vm.gpuvm.get("ioctl");
    yield* lock(dev, vm.lock, "xe_vm_madvise_ioctl");
    yield* lock(dev, bo.resv, "xe_vm_madvise_ioctl");
    for (const vma of vm.vmas) {
      if (vma === undefined || vma.bo !== bo || vma.destroyed || vma.willneed === req.willneed) continue;
      vma.willneed = req.willneed;
      bo.willneed += req.willneed ? 1 : -1;
    }
    recomputePurgeable(bo);
    if (req.willneed && bo.madv === "purged") ret = -EINVAL;
    unlock(dev, bo.resv);
    unlock(dev, vm.lock);
    vm.gpuvm.put("ioctl");
  }
  bo.put("ioctl");
  return ret;
}
