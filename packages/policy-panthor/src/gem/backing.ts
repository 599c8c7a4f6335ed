import { ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorBo } from "./bo.ts";
import { updateReclaimState } from "./reclaim.ts";

/** Keeps an object's pages in memory, bringing them there if need be (`panthor_gem_pin`). */
export function* pinBo(panthor: Panthor, bo: PanthorBo): Steps<Errno> {
  if (bo.imported) return 0;
  if (bo.pins > 0) {
    bo.pins++;
    return 0;
  }
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_pin");
  const ret = yield* pinLocked(panthor, bo);
  unlock(dev, bo.resv);
  return ret;
}

/** As {@link pinBo}; the object's dma_resv is held (`panthor_gem_backing_pin_locked`). */
function* pinLocked(panthor: Panthor, bo: PanthorBo): Steps<Errno> {
  if (bo.pins > 0) {
    bo.pins++;
    return 0;
  }
  const ret = getPages(bo);
  if (ret !== 0) return ret;
  bo.pins = 1;
  yield* updateReclaimState(panthor, bo);
  return 0;
}

/** Undoes {@link pinBo} (`panthor_gem_unpin`). The pages stay until somebody takes them. */
export function* unpinBo(panthor: Panthor, bo: PanthorBo): Steps<void> {
  if (bo.imported) return;
  if (bo.pins > 1) {
    bo.pins--;
    return;
  }
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_unpin");
  yield* unpinLocked(panthor, bo);
  unlock(dev, bo.resv);
}

function* unpinLocked(panthor: Panthor, bo: PanthorBo): Steps<void> {
  if (--bo.pins === 0) yield* updateReclaimState(panthor, bo);
}

/** Makes an object's pages be there (`panthor_gem_backing_get_pages_locked`). Its dma_resv is held. */
export function getPages(bo: PanthorBo): Errno {
  if (bo.pages === "resident") return 0;
  if (!bo.dev.mayAlloc("panthor pages")) return -ENOMEM;
  bo.pages = "resident";
  return 0;
}

/** Makes them be there with addresses for the device (`panthor_gem_dev_map_get_sgt_locked`). */
export function getSgtLocked(bo: PanthorBo): Errno {
  if (bo.sgt) return 0;
  const ret = getPages(bo);
  if (ret !== 0) return ret;
  if (!bo.dev.mayAlloc("panthor sgt")) return -ENOMEM;
  bo.sgt = true;
  return 0;
}

/** `panthor_gem_get_dev_sgt`. */
export function* getDevSgt(bo: PanthorBo): Steps<Errno> {
  yield* lockBriefly(bo.dev, bo.resv, "panthor_gem_get_dev_sgt");
  const ret = getSgtLocked(bo);
  unlock(bo.dev, bo.resv);
  return ret;
}

/** Maps an object for the kernel, which pins it (`drm_gem_vmap`, `panthor_gem_vmap_get_locked`). */
export function* vmapBo(panthor: Panthor, bo: PanthorBo): Steps<Errno> {
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_vmap_get_locked");
  let ret: Errno = 0;
  if (bo.vmaps === 0) {
    ret = yield* pinLocked(panthor, bo);
    if (ret === 0) {
      ret = getSgtLocked(bo);
      if (ret === 0 && !dev.mayAlloc("panthor vmap")) ret = -ENOMEM;
      if (ret !== 0) yield* unpinLocked(panthor, bo);
    }
  }
  if (ret === 0) bo.vmaps++;
  unlock(dev, bo.resv);
  return ret;
}

/** Undoes {@link vmapBo}. */
export function* vunmapBo(panthor: Panthor, bo: PanthorBo): Steps<void> {
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_vmap_put_locked");
  if (--bo.vmaps === 0) yield* unpinLocked(panthor, bo);
  unlock(dev, bo.resv);
}
