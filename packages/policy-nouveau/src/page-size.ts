import { KIB4, KIB64, MIB2, type PageTableShape } from "@gpuvm/drm-model";
import { GART, VRAM } from "./domains.ts";

/** Page tables of `gp100` and later: entries of 2 MiB, 64 KiB and 4 KiB, five levels. */
export const SHAPE: PageTableShape = {
  pageSizes: [MIB2, KIB64, KIB4],
  tableSpans: [MIB2, 2 ** 29, 2 ** 38, 2 ** 47],
  tlb: true,
};

/** Page sizes as shifts, greatest first. */
const SHIFTS: readonly number[] = [21, 16, 12];

/**
 * The page size of an object (`nouveau_bo_alloc`): the greatest that it fills and that each of its domains can have. The
 * host has none but the CPU's.
 *
 * @returns a shift
 */
export function boPageShift(size: number, domain: number): number {
  if ((domain & GART) !== 0 || (domain & VRAM) === 0) return 12;
  return SHIFTS.find((shift) => size >= 2 ** shift) ?? 12;
}

/**
 * The page size of one mapping (`select_page_shift`): the object's, if address, length and offset are aligned to it; else
 * the greatest smaller one to which they are.
 */
export function selectPageShift(boShift: number, addr: number, range: number, offset: number): number {
  for (const shift of SHIFTS) {
    if (shift > boShift) continue;
    const size = 2 ** shift;
    if (addr % size === 0 && range % size === 0 && offset % size === 0) return shift;
  }
  return 12;
}
