import type { Steps } from "@gpuvm/core";
import type { NvDevice } from "../device.ts";
import { boOf, type NouveauBo } from "../gem/bo.ts";
import { moveTo } from "./move.ts";
import { PL_SYSTEM, PL_TT } from "./place.ts";
import { type Resource, unevictable } from "./resource.ts";

/**
 * TTM has more of the host's pages than it may: the least recently used object that has such, and that nobody holds,
 * gives them to swap (`ttm_device_swapout`). One in VRAM has none. The driver has no shrinker of its own.
 *
 * @returns pages swapped out; 0: nobody has any
 */
export function* swapout(nv: NvDevice): Steps<number> {
  for (const place of [PL_SYSTEM, PL_TT] as const) {
    for (const res of nv.places[place].lru.toArray()) {
      const pages = yield* swapoutOne(nv, res);
      if (pages > 0) return pages;
    }
  }
  return 0;
}

/** `ttm_bo_swapout_cb`; locks are only tried. */
function* swapoutOne(nv: NvDevice, res: Resource): Steps<number> {
  const bo = boOf(res);
  const { dev } = nv;
  if (unevictable(res) || bo.resource !== res || bo.refs === 0 || bo.imported) return 0;
  if (bo.tt !== "populated" || !bo.resv.tryAcquire(dev.current)) return 0;
  bo.keep();
  const ret = res.place === PL_SYSTEM ? 0 : yield* toSystem(nv, bo);
  if (ret === 0) {
    bo.tt = "swapped";
    nv.machine.counts.evictions++;
  }
  bo.resv.release(dev.current);
  bo.letGo();
  return ret === 0 ? bo.size / 4096 : 0;
}

function* toSystem(nv: NvDevice, bo: NouveauBo): Steps<number> {
  const system = nv.places[PL_SYSTEM].alloc(bo);
  if (system === null) return -1;
  return (yield* moveTo(nv, bo, system, true)) === 0 ? 0 : -1;
}

/**
 * Memory pressure: swaps out until so much is given back, or nobody has any more.
 *
 * @returns bytes given up
 */
export function* shrink(nv: NvDevice, bytes: number): Steps<number> {
  let done = 0;
  while (done < bytes) {
    const pages = yield* swapout(nv);
    if (pages === 0) break;
    done += pages * 4096;
  }
  return done;
}
