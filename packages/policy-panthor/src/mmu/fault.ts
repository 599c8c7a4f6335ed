import type { Panthor } from "../device.ts";
import { asDisable } from "./address-space.ts";

/**
 * The GPU ran into an address that leads nowhere (`panthor_mmu_irq_handler`): nothing is translated in the slot any more,
 * and a tick gives up the groups of its VM (`panthor_sched_report_mmu_fault`).
 */
export function mmuFault(panthor: Panthor, as: number): void {
  const vm = panthor.as.slots[as] ?? null;
  panthor.as.faulty.add(as);
  if (vm !== null) vm.unhandledFault = true;
  asDisable(panthor, as, false, "unmap");
  panthor.sched.queueTick(0);
}
