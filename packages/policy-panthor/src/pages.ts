import { ENOMEM, type Errno } from "@gpuvm/core";
import type { PanthorBo } from "./bo.ts";
import { flushTlb, type Panthor, vmIdle } from "./device.ts";
import type { PanthorVm } from "./vm.ts";

/** The page tables are not to be trusted: the VM leaves its slot and takes no more maps. */
export function setUnusable(panthor: Panthor, vm: PanthorVm): void {
  vm.unusable = true;
  vm.record.broken = true;
  if (panthor.gen.strict) vmIdle(panthor, vm);
}

/**
 * Writes entries (`panthor_vm_map_pages`).
 *
 * @returns 0, or -ENOMEM; from 7.x on the VM is unusable then
 */
export function mapPages(
  panthor: Panthor,
  vm: PanthorVm,
  start: number,
  length: number,
  bo: PanthorBo | null,
  offset: number,
  most?: number,
): Errno {
  if (!panthor.machine.dev.mayAlloc("panthor page-table map")) {
    if (panthor.gen.strict) setUnusable(panthor, vm);
    return -ENOMEM;
  }
  vm.pt.map(start, length, bo, offset, most);
  if (!panthor.gen.regionLock) flushTlb(panthor, vm);
  return 0;
}

/** Clears entries (`panthor_vm_unmap_pages`). */
export function unmapPages(panthor: Panthor, vm: PanthorVm, start: number, length: number): void {
  // Where the region is locked nothing gets through to old entries before the unlock, which flushes.
  vm.pt.unmap(start, length, panthor.gen.regionLock ? "within-call" : "before-free");
  if (!panthor.gen.regionLock) flushTlb(panthor, vm);
}
