import {
  type DrmGpuvmBo,
  EBUSY,
  type Errno,
  gemVmBos,
  gpuvmBoEvict,
  gpuvmBoForEachVa,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import type { XeBo } from "./bo.ts";
import type { Xe } from "./device.ts";
import { enableSignaling, waitIdle } from "./preempt-fence.ts";
import { invalidateVma } from "./pt/invalidate.ts";
import { purgePages, setPurgeableState } from "./purgeable.ts";
import { pagesOf } from "./ttm.ts";
import type { XeVm } from "./vm.ts";

/**
 * An object is about to move (`xe_bo_trigger_rebind`). VMs without page faults are only told: nothing runs in them before
 * it has rebound. In fault mode the entries go now, when the GPU is done. The object's dma_resv is held.
 *
 * @param noWait -EBUSY rather than wait for the GPU
 */
export function* triggerRebind(xe: Xe, bo: XeBo, noWait = false): Steps<Errno> {
  const { dev } = xe.machine;
  if (bo.gpuva.length > 0) for (const { fence } of bo.resv.pending()) enableSignaling(fence);
  for (let node = gemVmBos(bo).head; node !== null; ) {
    const { next, owner: vmBo } = node;
    const vm = xe.vms.get(vmBo.vm);
    if (vm?.faultMode) {
      if (noWait && bo.resv.busy(USAGE_BOOKKEEP) !== null) return -EBUSY;
      yield* waitIdle(dev, bo.resv, "xe_bo_trigger_rebind");
      gpuvmBoForEachVa(vmBo, (va) => {
        const vma = vm.vmas[va];
        if (vma !== undefined) invalidateVma(vma);
      });
    } else {
      if (xe.defects.has("X5") && vm !== undefined) rebindUnlocked(vm, vmBo);
      gpuvmBoEvict(vmBo, true);
    }
    node = next;
  }
  return 0;
}

/** X5, before the core's evict list: the VMAs go onto the VM's own list, whose lock an evictor does not hold. */
function rebindUnlocked(vm: XeVm, vmBo: DrmGpuvmBo): void {
  const { dev, resv } = vm.gpuvm;
  dev.lockdep?.assertHeld(dev.current, resv, "vm->rebind_list");
  gpuvmBoForEachVa(vmBo, (va) => {
    const vma = vm.vmas[va];
    if (vma !== undefined) vm.rebindList.add(vma);
  });
}

/** Takes an object out of the GPU's reach (`xe_bo_evict`, from pages that it reaches to pages that it does not). */
export function* evictToSystem(xe: Xe, bo: XeBo, noWait = false): Steps<Errno> {
  if (bo.place !== "tt") return 0;
  const ret = yield* triggerRebind(xe, bo, noWait);
  if (ret !== 0) return ret;
  yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_move");
  xe.ttm.assign(bo, "system");
  bo.takePages("evicted");
  return 0;
}

/** Gives an object's pages up for good (`xe_bo_shrink` of one that may be purged). */
export function* purge(xe: Xe, bo: XeBo, noWait: boolean): Steps<Errno> {
  if (bo.place !== "system") {
    const ret = yield* triggerRebind(xe, bo, noWait);
    if (ret !== 0) return ret;
    yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_shrink_purge");
    xe.ttm.assign(bo, "system");
  }
  yield* waitIdle(xe.machine.dev, bo.resv, "ttm_bo_shrink");
  purgePages(bo);
  if (bo.madv === "dontneed") setPurgeableState(bo, "purged");
  bo.pages = pagesOf(bo);
  bo.takePages(bo.madv === "purged" ? "purged" : "evicted");
  return 0;
}
