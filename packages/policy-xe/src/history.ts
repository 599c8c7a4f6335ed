import { type BindOp, Kref } from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import type { XeBo } from "./memory/bo.ts";
import type { XeVm } from "./vm/vm.ts";
import type { XeVmaOp } from "./vm/vma-op.ts";

/*
 * What the driver once did wrong, by the number in the catalogue of bugs, for runs that ask for it. Each is called where
 * it happened, and does nothing otherwise.
 */

/** X3, before a01b704527c2: the copied array was freed where the check failed, and by the caller again. */
export function freeTwice(xe: Xe, ops: readonly BindOp[]): void {
  if (!xe.defects.has("X3") || ops.length < 2) return;
  const copy = new Kref(xe.machine.dev, "bind_ops", "ioctl", () => {});
  copy.put("ioctl");
  copy.put("ioctl");
}

/**
 * X2, before 7ac74613e5f2: room was made by evicting a private object of the same VM, whose dma_resv is held: maybe one
 * that an earlier bind of the same array has just had validated.
 *
 * @returns whether room was made
 */
export function evictsAnother(vm: XeVm, bo: XeBo, ops: readonly XeVmaOp[]): boolean {
  if (!vm.xe.defects.has("X2")) return false;
  const { ttm } = vm.xe;
  const other = ops
    .map((op) => op.map?.bo)
    .find((o) => o != null && o !== bo && o.vm === vm && o.pages === "resident");
  if (other == null) return false;
  ttm.assign(other, "system");
  other.pages = "evicted";
  bo.tt = "populated";
  ttm.gart.take(bo.size);
  ttm.assign(bo, "tt");
  return true;
}

/** X10, before bfe9e314d757 (CVE-2026-31479): what a remap left in place, page tables and all, was forgotten, so an unwind did not find it. */
export function forgetSkipped(xe: Xe, op: XeVmaOp): void {
  if (!xe.defects.has("X10")) return;
  if (op.skipPrev) op.prev = null;
  if (op.skipNext) op.next = null;
  op.oldStart = op.start;
  op.oldRange = op.range;
}
