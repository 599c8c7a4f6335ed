import type { XeVma } from "../vm.ts";
import { TILE0 } from "../vma.ts";
import { zapPtes } from "./zap.ts";

/** Clears what a VMA has, at once, and tells the TLB of each GT (`xe_vm_invalidate_vma`). The object's dma_resv is held. */
export function invalidateVma(vma: XeVma): void {
  const { pt, xe } = vma.vm;
  if (zapPtes(vma)) {
    for (let gt = 0; gt < xe.platform.gtCount; gt++) pt.invalidate("unmap", gt, vma.start, vma.end);
    pt.forget();
  }
  vma.tileInvalidated = TILE0;
}
