import { GIB1, KIB4, KIB64, MIB2 } from "@gpuvm/drm-model";
import type { XeVma } from "./vm.ts";

/** The only tile (`BIT(tile->id)`). */
export const TILE0 = 1;

/** Entries of 4 KiB were written for it (`XE_VMA_PTE_4K`). */
export const PTE_4K = 1;
/** See {@link PTE_4K}; of 64 KiB: the hint. */
export const PTE_64K = 2;
/** See {@link PTE_4K}. */
export const PTE_2M = 4;
/** See {@link PTE_4K}. */
export const PTE_1G = 8;
/** See {@link PTE_4K}; tables of 64 KiB entries. */
export const COMPACT = 16;

/** The greatest entry that a VMA has; 1 GiB as long as nobody knows (`xe_vma_max_pte_size`). */
export function maxPteSize({ pteFlags }: XeVma): number {
  if ((pteFlags & PTE_1G) !== 0) return GIB1;
  if ((pteFlags & (PTE_2M | COMPACT)) !== 0) return MIB2;
  if ((pteFlags & PTE_64K) !== 0) return KIB64;
  return (pteFlags & PTE_4K) !== 0 ? KIB4 : GIB1;
}

/** `xe_vma_set_pte_size`. */
export function setPteSize(vma: XeVma, size: number): void {
  if (size === GIB1) vma.pteFlags |= PTE_1G;
  else if (size === MIB2) vma.pteFlags |= PTE_2M;
  else vma.pteFlags |= size === KIB64 ? PTE_64K : PTE_4K;
}
