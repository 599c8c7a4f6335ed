import { gemVmBos, type Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { PanthorBo, ReclaimState } from "./bo.ts";

/** An object's state is looked at again, after something changed (`panthor_gem_update_reclaim_state_locked`). */
export function* updateReclaimState(panthor: Panthor, bo: PanthorBo): Steps<void> {
  if (!panthor.gen.evictable) return;
  yield* lockBriefly(bo.dev, bo.gpuvaLock, "panthor_gem_update_reclaim_state_locked");
  updateReclaimStateLocked(panthor, bo);
  unlock(bo.dev, bo.gpuvaLock);
}

/** As {@link updateReclaimState}; the object's gpuva lock is held. */
export function updateReclaimStateLocked(panthor: Panthor, bo: PanthorBo): void {
  if (!panthor.gen.evictable) return;
  const { reclaim } = panthor;
  const state = reclaimState(bo);
  if (state === bo.reclaimState) return;
  bo.reclaimState = state;
  if (state === "unreclaimable") bo.moveTo(null);
  else if (state === "single") moveToVm(panthor, bo);
  else bo.moveTo(reclaim[state === "multi" ? "shared" : state]);
}

/** `panthor_gem_evaluate_reclaim_state_locked`: links whose entries were taken do not count. */
function reclaimState(bo: PanthorBo): ReclaimState {
  // What is imported has no pages of its own.
  if (bo.imported || bo.pages !== "resident" || bo.pins > 0) return "unreclaimable";
  let mapped = 0;
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) if (!node.owner.evicted) mapped++;
  if (mapped > 0) return mapped > 1 ? "multi" : "single";
  return bo.mmaps > 0 ? "mmapped" : "unused";
}

/** `panthor_vm_update_bo_reclaim_lru_locked`: a VM that comes onto the list comes first. */
function moveToVm(panthor: Panthor, bo: PanthorBo): void {
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    if (node.owner.evicted) continue;
    const vm = panthor.vms.get(node.owner.vm) as PanthorVm;
    bo.moveTo(vm.reclaimLru);
    if (vm.onReclaim === null) {
      vm.onReclaim = panthor.reclaim.vms;
      panthor.reclaim.vms.unshift(vm);
    }
  }
}
