import type { Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { getFreeList, growFreeList, PM_PAGE, type PvrFreeList, putFreeList } from "./free-list.ts";

/** Who looks a list up by the firmware's number: the thread that does what the firmware asks (`pvr_fwccb_process`). */
const FIRMWARE = { name: "the firmware's request" };

/** `pvr_free_list_lookup_id`: the first of those that are not being given back and satisfy the firmware, with a reference. */
function lookup(pvr: PvrDevice, wanted: (list: PvrFreeList) => boolean): PvrFreeList | null {
  for (const list of pvr.freeLists as Set<PvrFreeList>) {
    if (list.refs === 0 || !wanted(list)) continue;
    getFreeList(pvr, list, FIRMWARE);
    return list;
  }
  return null;
}

/**
 * The firmware runs out of pages in a list that may grow, and asks for more (`pvr_free_list_process_grow_req`).
 *
 * @returns how many it gets: 0 if there is no memory; null if there is no list that may grow
 */
export function* processGrowReq(pvr: PvrDevice): Steps<number | null> {
  const list = lookup(pvr, mayGrow);
  if (list === null) return null;
  // It has taken those that were ready.
  list.currentPages += list.readyPages;
  list.readyPages = 0;
  yield* lock(pvr.dev, list.lock, "pvr_free_list_grow");
  const ret = yield* growFreeList(pvr, list, list.growPages);
  unlock(pvr.dev, list.lock);
  const pages = ret === 0 ? list.growPages : 0;
  yield* putFreeList(pvr, list, FIRMWARE);
  return pages;
}

/** The firmware asks for no more than a program allowed. */
function mayGrow({ currentPages, readyPages, growPages, maxPages }: PvrFreeList): boolean {
  return growPages > 0 && currentPages + readyPages + growPages <= maxPages;
}

/**
 * The firmware lost what it knew of a list, with a context that it had to reset, and has it built again from the pages that belong to it
 * (`pvr_free_list_reconstruct`).
 *
 * @returns whether there is a list
 */
export function* reconstructFreeList(pvr: PvrDevice): Steps<boolean> {
  const list = lookup(pvr, () => true);
  if (list === null) return false;
  yield* lock(pvr.dev, list.lock, "pvr_free_list_reconstruct");
  list.currentPages = list.blocks.reduce((sum, { size }) => sum + size / PM_PAGE, 0) - list.readyPages;
  unlock(pvr.dev, list.lock);
  yield* putFreeList(pvr, list, FIRMWARE);
  return true;
}
