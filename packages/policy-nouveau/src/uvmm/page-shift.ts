import { isAligned } from "@gpuvm/drm-model";
import { GART, VRAM } from "../gem/domains.ts";
import type { VmmFunc } from "../mmu/desc.ts";
import { PL_VRAM } from "../ttm/place.ts";
import type { Owner } from "../ttm/resource.ts";

/** The CPU's. */
const PAGE_SHIFT = 12;

/**
 * The page size of an object (`nouveau_bo_alloc`): the greatest that it fills and that each of its domains can have, or
 * else the least of those. The host's memory has none but the CPU's.
 *
 * @returns a shift
 */
export function boPageShift(func: VmmFunc, size: number, domain: number): number {
  let shift = PAGE_SHIFT;
  for (const page of func.pages) {
    if ((domain & VRAM) !== 0 && !page.vram) continue;
    if ((domain & GART) !== 0 && (!page.host || page.shift > PAGE_SHIFT)) continue;
    shift = page.shift;
    if (size >= page.bytes) break;
  }
  return shift;
}

/**
 * The page size of one mapping (`select_page_shift`): the object's, if address, length and offset are aligned to it; else
 * the greatest smaller one to which they are, and that the memory it has now can have.
 */
export function selectPageShift(
  func: VmmFunc,
  bo: Owner,
  addr: number,
  range: number,
  offset: number,
): number {
  const inVram = bo.resource?.place === PL_VRAM;
  for (const { shift, bytes, vram, host } of func.pages) {
    if (shift > bo.pageShift) continue;
    // The object's own is taken wherever it lies.
    if (shift < bo.pageShift && !(inVram ? vram : host && shift <= PAGE_SHIFT)) continue;
    if (isAligned(addr, bytes) && isAligned(range, bytes) && isAligned(offset, bytes)) return shift;
  }
  return PAGE_SHIFT;
}
