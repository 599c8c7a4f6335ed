import type { PanthorVm } from "./vm.ts";

/** Hardware address spaces of the modelled GPU; the first is the firmware's. */
export const AS_SLOTS = 8;

/**
 * Hardware address spaces and the VMs in them (`panthor_mmu::as`). A VM keeps its slot when it is idle, until another
 * one needs it: so its TLB has to be told of changes until then.
 *
 * # Invariants
 * `lru` has the VMs that are in a slot and not active. A VM is counted by none of both lists.
 */
export class AsSlots {
  /** The VM in each slot. */
  readonly slots: (PanthorVm | null)[] = new Array(AS_SLOTS).fill(null);
  /** The VM whose translations the TLB may have, by slot: it was there since the last flush. */
  readonly translated: (PanthorVm | null)[] = new Array(AS_SLOTS).fill(null);
  /** Idle VMs in a slot, longest idle first. */
  readonly lru: PanthorVm[] = [];
  /** Slots whose MMU is off after a fault that nobody handles (`faulty_mask`). */
  readonly faulty: Set<number> = new Set();
}
