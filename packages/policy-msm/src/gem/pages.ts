import { EBUSY, ENOMEM, type Errno, type Gpuva, gpuvmBoGemEvict, type Steps } from "@gpuvm/core";
import { lock, unlock, zapCpuMappings } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { putIovaSpaces, vmaMap } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { underLru } from "./under-lru.ts";

/** Makes an object's pages be there, without a pin (`get_pages`, `msm_gem_get_pages_locked`). Needs its lock. */
export function getPages(msm: Msm, bo: MsmBo): Errno {
  // Contents that the program gave up: it has to take the buffer back first, or they are gone.
  if (bo.madv !== "willneed") return -EBUSY;
  return bo.pages === "resident" ? 0 : takePages(msm, bo);
}

function takePages(msm: Msm, bo: MsmBo): Errno {
  if (!msm.dev.mayAlloc("pages")) return -ENOMEM;
  bo.pages = "resident";
  underLru(msm, () => msm.lru.update(bo));
  return 0;
}

/** Gives the pages up, or drops them with the object (`put_pages`). Needs the object's lock while it has references. */
export function putPages(msm: Msm, bo: MsmBo, left: "evicted" | "purged"): void {
  // VM_BIND VMs map it again at their next submit.
  if (bo.refs > 0) gpuvmBoGemEvict(bo, true);
  if (bo.pages !== "resident") return;
  if (bo.refs > 0) bo.takePages(left);
  else bo.pages = "none";
  underLru(msm, () => msm.lru.update(bo));
}

/** Pages there, and page-table entries for a VMA (`msm_gem_pin_vma_locked`); the pin itself is the caller's. */
export function pinVmaLocked(msm: Msm, bo: MsmBo, vm: MsmGemVm, va: Gpuva): Errno {
  const ret = getPages(msm, bo);
  return ret === 0 ? vmaMap(msm, vm, va, bo) : ret;
}

/** Pins pages that are there (`msm_gem_pin_obj_locked`). Needs the LRU lock. */
export function pinObj(bo: MsmBo): void {
  bo.pins++;
  bo.onLru.remove();
}

/** Unpins pages (`msm_gem_unpin_active`). Needs the LRU lock, and not the object's: it runs in `run_job`. */
export function unpinObj(msm: Msm, bo: MsmBo): void {
  bo.pins--;
  msm.lru.update(bo);
}

/** Pins one object, under the LRU lock. */
export function* pinOne(msm: Msm, bo: MsmBo): Steps<void> {
  yield* lock(msm.dev, msm.lruLock, "msm_gem_pin_obj_locked");
  pinObj(bo);
  unlock(msm.dev, msm.lruLock);
}

/** Unpins one object, under the LRU lock (`msm_gem_unpin_locked`). */
export function* unpinOne(msm: Msm, bo: MsmBo): Steps<void> {
  yield* lock(msm.dev, msm.lruLock, "msm_gem_unpin_locked");
  unpinObj(msm, bo);
  unlock(msm.dev, msm.lruLock);
}

/**
 * Takes an object's pages: its entries go in all VMs, its VMAs and addresses stay (`msm_gem_evict`, `msm_gem_purge`).
 * Needs the lock of the object and of every VM it is mapped in.
 */
export function dropPages(msm: Msm, bo: MsmBo, how: "evict" | "purge"): void {
  putIovaSpaces(msm, bo, null, false, how);
  zapCpuMappings(bo);
  putPages(msm, bo, how === "purge" ? "purged" : "evicted");
  if (how === "purge") {
    underLru(msm, () => {
      bo.madv = "purged";
    });
  }
  msm.machine.counts.evictions++;
}
