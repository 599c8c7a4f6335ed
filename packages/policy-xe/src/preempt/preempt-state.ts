import { USAGE_BOOKKEEP } from "@gpuvm/core";
import type { XeBo } from "../memory/bo.ts";
import type { PreemptState, XeVm } from "../vm/vm.ts";

/** A new external object must not move under running queues either (`add_preempt_fences`). Its dma_resv is held. */
export function addPreemptFences(vm: XeVm, bo: XeBo): void {
  if (vm.preempt === null || vm.preempt.queues.length === 0) return;
  bo.resv.reserve(vm.preempt.queues.length);
  for (const { pfence } of vm.preempt.queues) if (pfence !== null) bo.resv.addFence(pfence, USAGE_BOOKKEEP);
}

/** `preempt_fences_waiting`. */
export function fencesWaiting({ queues }: PreemptState): boolean {
  return queues.some(({ pfence }) => pfence === null || pfence.enabled);
}
