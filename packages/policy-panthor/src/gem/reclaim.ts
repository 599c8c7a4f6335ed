import { gemVmBos, type Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { PanthorBo } from "./bo.ts";

/** How hard it is to take an object's pages, easiest first (`enum panthor_gem_reclaim_state`). */
export type ReclaimState = "unused" | "mmapped" | "single" | "multi" | "unreclaimable";

/** From easy to hard. */
export const RECLAIM_STATES: readonly ReclaimState[] = [
  "unused",
  "mmapped",
  "single",
  "multi",
  "unreclaimable",
];

/**
 * What can be reclaimed, in the order of going (`panthor_device::reclaim`). An object that one VM maps is on that VM's
 * list, and goes when the VM's turn comes.
 *
 * # Invariants
 * An object is on the list of its state, or on none: `PanthorBo.lru`. A VM with an object on its list is on `vms`.
 */
export class Reclaim {
  /** Objects that nobody maps. */
  readonly unused: PanthorBo[] = [];
  /** Objects that programs map to the CPU. */
  readonly mmapped: PanthorBo[] = [];
  /** Objects that several VMs map. */
  readonly shared: PanthorBo[] = [];
  /** VMs with objects that they alone map, those not active for longest first; no list counts. */
  readonly vms: PanthorVm[] = [];
  /** Scans that gave nothing although there was something (`retry_count`). */
  retries = 0;
}

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
  if (state === "unreclaimable") moveToTail(bo, null);
  else if (state === "single") moveToVm(panthor, bo);
  else moveToTail(bo, reclaim[state === "multi" ? "shared" : state]);
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
    moveToTail(bo, vm.reclaimLru);
    if (vm.onReclaim === null) {
      vm.onReclaim = panthor.reclaim.vms;
      panthor.reclaim.vms.unshift(vm);
    }
  }
}

/** To the end of a list, from whichever it is on (`drm_gem_lru_move_tail`). */
export function moveToTail(bo: PanthorBo, to: PanthorBo[] | null): void {
  const at = bo.lru?.indexOf(bo) ?? -1;
  if (at >= 0) bo.lru?.splice(at, 1);
  bo.lru = to;
  to?.push(bo);
}

/** The object goes (`drm_gem_object_release`). */
export function forget(bo: PanthorBo): void {
  moveToTail(bo, null);
}

/** A VM becomes active: its objects are the last to go (`panthor_vm_active`). */
export function vmWasActive({ vms }: Reclaim, vm: PanthorVm): void {
  if (vm.reclaimLru.length > 0) moveVm(vm, vms);
}

/** A VM goes to the end of a list, or off all of them. */
export function moveVm(vm: PanthorVm, to: PanthorVm[] | null): void {
  const at = vm.onReclaim?.indexOf(vm) ?? -1;
  if (at >= 0) vm.onReclaim?.splice(at, 1);
  vm.onReclaim = to;
  to?.push(vm);
}
