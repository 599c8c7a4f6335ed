import {
  type DrmGpuvmBo,
  gemVmBos,
  gpuvmBoEvict,
  gpuvmBoForEachVa,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import type { Xe } from "./device.ts";
import { enableSignaling, waitIdle } from "./preempt-fence.ts";
import { zapVma } from "./pt.ts";
import type { XeVm } from "./vm.ts";

/**
 * An object is about to move (`xe_bo_trigger_rebind`). VMs without page faults are only told: nothing runs in them before
 * it has rebound. In fault mode the entries go now, when the GPU is done. The object's dma_resv is held.
 */
function* triggerRebind(xe: Xe, bo: XeBo): Steps<void> {
  for (const { fence } of bo.resv.pending()) enableSignaling(fence);
  for (let node = gemVmBos(bo).head; node !== null; ) {
    const { next, owner: vmBo } = node;
    const vm = xe.vms.get(vmBo.vm);
    if (vm?.faultMode) {
      yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_trigger_rebind");
      gpuvmBoForEachVa(vmBo, (va) => {
        const vma = vm.vmas[va];
        if (vma !== undefined) zapVma(vma);
      });
    } else {
      if (xe.defects.has("X5") && vm !== undefined) rebindUnlocked(vm, vmBo);
      gpuvmBoEvict(vmBo, true);
    }
    node = next;
  }
}

/** Before the core's evict list: the VMAs go onto the VM's own list, whose lock an evictor does not hold. */
function rebindUnlocked(vm: XeVm, vmBo: DrmGpuvmBo): void {
  const { dev, resv } = vm.gpuvm;
  dev.lockdep?.assertHeld(dev.current, resv, "vm->rebind_list");
  gpuvmBoForEachVa(vmBo, (va) => {
    const vma = vm.vmas[va];
    if (vma !== undefined) vm.rebindList.add(vma);
  });
}

/**
 * Memory pressure (`xe_shrinker_scan`): pages that nobody wants are dropped first, then others go to swap; objects that the
 * GPU is at work on are left for last, and waited for.
 *
 * @returns bytes given up
 */
export function* shrinkerScan(xe: Xe, bytes: number): Steps<number> {
  let freed = 0;
  for (const [dontneed, wait] of [
    [true, false],
    [false, false],
    [true, true],
    [false, true],
  ] as const) {
    for (const obj of [...xe.machine.memory.objects]) {
      if (freed >= bytes) return freed;
      const bo = obj as XeBo;
      // The object may be on its way out: without a reference to copy it is not ours to look at.
      if (bo.refs === 0 || bo.pages !== "resident" || bo.pins > 0 || bo.imported) continue;
      if ((bo.madv === "dontneed") !== dontneed) continue;
      bo.get("shrinker");
      if (yield* shrinkOne(xe, bo, wait)) freed += bo.size;
      bo.put("shrinker");
    }
  }
  return freed;
}

/** `xe_bo_shrink`. */
function* shrinkOne(xe: Xe, bo: XeBo, wait: boolean): Steps<boolean> {
  const { dev, counts } = xe.machine;
  const { resv } = bo;
  if (!resv.tryAcquire(dev.current)) return false;
  let done = false;
  if (wait || resv.busy(USAGE_BOOKKEEP) === null) {
    yield* triggerRebind(xe, bo);
    yield* waitIdle(dev, resv, "xe_bo_shrink");
    done = bo.pages === "resident";
    if (done) {
      const purge = bo.madv === "dontneed";
      if (purge) bo.madv = "purged";
      bo.takePages(purge ? "purged" : "evicted");
      counts.evictions++;
    }
  }
  unlock(dev, resv);
  return done;
}
