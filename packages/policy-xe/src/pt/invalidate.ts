import type { XeVm, XeVma } from "../vm/vm.ts";
import { TILE0 } from "../vm/vma.ts";
import { zapPtes } from "./zap.ts";

/**
 * Clears what a VMA has, at once, and asks the TLB of each GT to forget it (`xe_vm_invalidate_vma_submit`). The object's dma_resv is
 * held, or for the program's own memory the notifier lock.
 *
 * @returns whether the TLB was asked: see {@link tlbInvalBatchWait}
 */
export function invalidateVmaSubmit(vma: XeVma): boolean {
  const { pt, xe } = vma.vm;
  const cleared = zapPtes(vma);
  if (cleared)
    for (let gt = 0; gt < xe.platform.gtCount; gt++) pt.invalidate("unmap", gt, vma.start, vma.end);
  vma.tileInvalidated = TILE0;
  return cleared;
}

/** The TLB has forgotten what it was asked to (`xe_tlb_inval_batch_wait`). */
export function tlbInvalBatchWait({ pt }: XeVm): void {
  pt.forget();
}

/** Both (`xe_vm_invalidate_vma`). */
export function invalidateVma(vma: XeVma): void {
  if (invalidateVmaSubmit(vma)) tlbInvalBatchWait(vma.vm);
}
