import { EBUSY, ENOMEM, type Errno, type Gpuva, gpuvmBoGemEvict, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { putIovaSpaces, vmaMap } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";

/** Makes an object's pages be there, without a pin (`get_pages`, `msm_gem_get_pages_locked`). Needs its lock. */
export function getPages(msm: Msm, bo: MsmBo): Errno {
  // Contents that the program gave up: it has to take the buffer back first, or they are gone.
  if (bo.madv !== "willneed") return -EBUSY;
  if (bo.pages === "resident") return 0;
  if (!msm.dev.mayAlloc("pages")) return -ENOMEM;
  bo.pages = "resident";
  return 0;
}

/** Pages there, and page-table entries for a VMA (`msm_gem_pin_vma_locked`); the pin itself is the caller's. */
export function pinVmaLocked(msm: Msm, bo: MsmBo, vm: MsmGemVm, va: Gpuva): Errno {
  const ret = getPages(msm, bo);
  if (ret === 0) vmaMap(msm, vm, va, bo);
  return ret;
}

/** Pins pages (`msm_gem_pin_obj_locked`). Needs the LRU lock. */
export function pinObj(msm: Msm, bo: MsmBo): void {
  bo.pins++;
  msm.lru.update(bo);
}

/** Unpins pages (`msm_gem_unpin_active`). Needs the LRU lock, and not the object's: it runs in `run_job`. */
export function unpinObj(msm: Msm, bo: MsmBo): void {
  bo.pins--;
  msm.lru.update(bo);
}

/** Pins one object, under the LRU lock. */
export function* pinOne(msm: Msm, bo: MsmBo): Steps<void> {
  yield* lock(msm.dev, msm.lruLock, "msm_gem_pin_obj_locked");
  pinObj(msm, bo);
  unlock(msm.dev, msm.lruLock);
}

/** Unpins one object, under the LRU lock. */
export function* unpinOne(msm: Msm, bo: MsmBo): Steps<void> {
  yield* lock(msm.dev, msm.lruLock, "msm_gem_unpin_locked");
  unpinObj(msm, bo);
  unlock(msm.dev, msm.lruLock);
}

/**
 * Gives an object's pages up: its entries go in all VMs, its VMAs and addresses stay (`msm_gem_evict`, `msm_gem_purge`).
 * Needs the lock of the object, of every VM it is mapped in, and of the LRUs.
 */
export function dropPages(msm: Msm, bo: MsmBo, how: "evict" | "purge"): void {
  putIovaSpaces(msm, bo, null, false, how);
  // put_pages: VM_BIND VMs map it again at their next submit.
  gpuvmBoGemEvict(bo, true);
  if (how === "purge") bo.madv = "purged";
  bo.takePages(how === "purge" ? "purged" : "evicted");
  msm.machine.counts.evictions++;
  msm.lru.update(bo);
}
