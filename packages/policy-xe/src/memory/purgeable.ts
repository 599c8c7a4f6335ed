import type { XeBo } from "./bo.ts";
import type { Purgeable } from "./ttm.ts";

/**
 * The state of an object follows transitions of its counter and nothing else: when the last VMA that may go goes, an object
 * that was given up *stays* given up. Its dma_resv is held.
 */
export function setPurgeableState(bo: XeBo, state: Purgeable): void {
  bo.madv = state;
  bo.purgeable = state === "dontneed";
  // `xe_bo_set_purgeable_shrinker`
  if (bo.tt !== "populated") return;
  if (state === "dontneed") bo.ttPurgeable = true;
  else if (state === "willneed") bo.ttPurgeable = false;
}

/** Somebody wants the contents (`xe_bo_willneed_get_locked`). What came in as a dma-buf is its owner's affair. */
export function willneedGet(bo: XeBo): void {
  if (bo.imported) return;
  if (bo.willneedCount++ === 0 && bo.madv === "dontneed") setPurgeableState(bo, "willneed");
}

/** Somebody does not any more (`xe_bo_willneed_put_locked`). */
export function willneedPut(bo: XeBo): void {
  if (bo.imported) return;
  if (--bo.willneedCount === 0 && bo.vmaCount > 0 && bo.madv !== "purged") setPurgeableState(bo, "dontneed");
}

/** A VMA more (`xe_bo_vma_count_inc_locked`). */
export function vmaCountInc(bo: XeBo): void {
  if (!bo.imported) bo.vmaCount++;
}

/** A VMA fewer (`xe_bo_vma_count_dec_locked`). */
export function vmaCountDec(bo: XeBo): void {
  if (!bo.imported) bo.vmaCount--;
}

/** The pages are given up, without a copy. */
export function purgePages(bo: XeBo): void {
  bo.tt = "swapped";
}
