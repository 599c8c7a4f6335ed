import { removeFrom } from "@gpuvm/drm-model";
import type { PanthorVm } from "../mmu/vm.ts";
import type { PanthorBo, ReclaimState } from "./bo.ts";

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

/** A VM becomes active: its objects are the last to go (`panthor_vm_active`). */
export function vmWasActive({ vms }: Reclaim, vm: PanthorVm): void {
  if (vm.reclaimLru.length > 0) moveVm(vm, vms);
}

/** A VM goes to the end of a list, or off all of them. */
export function moveVm(vm: PanthorVm, to: PanthorVm[] | null): void {
  removeFrom(vm.onReclaim, vm);
  vm.onReclaim = to;
  to?.push(vm);
}
