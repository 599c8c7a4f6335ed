import type { Steps } from "@gpuvm/core";
import { startScheduler, stopScheduler } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { asDisable, releaseAs } from "./address-space.ts";
import type { PanthorVm } from "./vm.ts";

/** Bind jobs stop: nobody may talk to the MMU (`panthor_mmu_pre_reset`). */
export function* mmuPreReset(panthor: Panthor): Steps<void> {
  panthor.vmResetInProgress = true;
  for (const vm of vms(panthor)) yield* stopScheduler(vm.scheduler, null);
}

/** No VM is in a slot, no slot is faulty, and bind jobs go on (`panthor_mmu_post_reset`). */
export function mmuPostReset(panthor: Panthor): void {
  panthor.as.faulty.clear();
  for (const vm of [...panthor.as.slots]) {
    if (vm === null) continue;
    vm.pt.forget();
    panthor.as.translated[vm.asId] = null;
    releaseAs(panthor, vm);
  }
  for (const vm of vms(panthor)) startScheduler(vm.scheduler);
  panthor.vmResetInProgress = false;
}

/** The device goes: no slot translates any more (`panthor_mmu_unplug`). */
export function mmuUnplug(panthor: Panthor): void {
  for (const vm of [...panthor.as.slots]) {
    if (vm === null) continue;
    asDisable(panthor, vm.asId, false, "close");
    releaseAs(panthor, vm);
  }
}

function vms(panthor: Panthor): PanthorVm[] {
  return panthor.machine.vms.flatMap(({ vm, freed }) => (freed ? [] : (panthor.vms.get(vm) ?? [])));
}
