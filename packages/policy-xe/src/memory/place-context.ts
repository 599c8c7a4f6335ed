import type { DmaResv, DrmGpuvm } from "@gpuvm/core";

/** On whose behalf memory is looked for, and what may be done for it (`struct ttm_operation_ctx`). */
export interface PlaceContext {
  /** The dma_resv of the VM for which it is done, which is held. */
  readonly resv: DmaResv | null;
  /** Objects of that dma_resv may be evicted for it, too. */
  readonly allowResEvict: boolean;
  /** What is mapped in this VM stays: it is just being made resident (`xe_vm_is_validating`). */
  readonly validating: { readonly gpuvm: DrmGpuvm } | null;
  /** -EBUSY rather than wait. */
  readonly noWait: boolean;
}

/** Nothing is held, and all may be done. */
export const ALONE: PlaceContext = { resv: null, allowResEvict: false, validating: null, noWait: false };
