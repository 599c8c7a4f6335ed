import { type TlbCause, within } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorVm, Region } from "./vm.ts";

/** Least bytes of a locked region (`AS_LOCK_REGION_MIN_SIZE`). */
const MIN_SIZE = 2 ** 15;

/**
 * Accesses to a range stall until {@link unlockRegion} (`panthor_vm_lock_region`). What is locked already grows to the
 * union. The hardware locks a naturally aligned power of two: more than was asked for, and no second time for what is
 * in it.
 */
export function lockRegion(panthor: Panthor, vm: PanthorVm, start: number, size: number): void {
  const { locked } = vm;
  if (start >= locked.start && start + size <= locked.start + locked.size) return;
  let region: Region = { start, size };
  if (locked.size > 0) {
    const end = Math.max(locked.start + locked.size, start + size);
    region.start = Math.min(start, locked.start);
    region.size = end - region.start;
  }
  panthor.onMmu?.(vm, ["lock_region", hex(region.start), hex(region.size), vm.asId]);
  if (vm.asId >= 0 && region.size > 0) {
    region = packed(region);
    panthor.onMmu?.(vm, `as_cmd ${vm.asId} LOCK`);
  }
  locked.start = region.start;
  locked.size = region.size;
  vm.pt.stalls = true;
}

/** What stalled goes on, after a flush (`panthor_vm_unlock_region`). A VM in no slot has nothing in the TLB. */
export function unlockRegion(panthor: Panthor, vm: PanthorVm, cause: TlbCause): void {
  if (vm.asId >= 0) {
    panthor.onMmu?.(vm, "gpu_flush_caches");
    vm.pt.flush(cause);
    panthor.onMmu?.(vm, `as_cmd ${vm.asId} UNLOCK`);
  } else vm.pt.forget();
  vm.locked.start = 0;
  vm.locked.size = 0;
  vm.pt.stalls = false;
}

/**
 * The smallest naturally aligned power of two around a range, but not less than the hardware's minimum, of which the
 * kernel aligns the start to half only (`pack_region_range`).
 */
function packed({ start, size }: Region): Region {
  let width = 1;
  while (Math.floor(start / width) !== Math.floor((start + size - 1) / width)) width *= 2;
  width = Math.max(width, MIN_SIZE);
  return { start: start - within(start, width / 2), size: width };
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
