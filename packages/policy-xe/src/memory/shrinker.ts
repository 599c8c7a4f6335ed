import { EBUSY, type Errno, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { waitIdle } from "../preempt/preempt-fence.ts";
import { ttmToXeBo, type XeBo } from "./bo.ts";
import { moveBo, purge } from "./move.ts";
import { ALONE } from "./place-context.ts";

/** Bytes of a page of the system. */
const PAGE = 4096;

/** What a scan did, in pages. */
export interface Scan {
  /** Pages that were looked at with the will to take them. */
  scanned: number;
  /** Pages that were given up. */
  freed: number;
}

/**
 * Memory pressure (`xe_shrinker_scan`). What nobody wants is dropped first, then the rest goes to swap; of each, objects
 * that are idle come before those that have to be waited for.
 *
 * @param pages how many to look at
 * @param kswapd the reclaim is in the background, and may wait for the GPU; what allocates must not
 */
export function* shrinkerScan(xe: Xe, pages: number, kswapd: boolean): Steps<Scan> {
  const scan: Scan = { scanned: 0, freed: 0 };
  const purgeable = [...xe.machine.memory.objects].some((bo) => (bo as XeBo).ttPurgeable);
  for (const purging of purgeable ? [true, false] : [false]) {
    yield* walk(xe, scan, pages, purging, true);
    if (scan.scanned < pages && kswapd) yield* walk(xe, scan, pages, purging, false);
    if (scan.scanned >= pages) break;
  }
  return scan;
}

/** `__xe_shrinker_walk`: pages out of the GPU's reach first. A pass ends at the first object that can't be taken. */
function* walk(xe: Xe, scan: Scan, pages: number, purging: boolean, noWait: boolean): Steps<void> {
  const { dev } = xe.machine;
  for (const place of ["system", "tt"] as const) {
    for (const ttm of xe.ttm.lrus[place].walk()) {
      const bo = ttmToXeBo(ttm);
      // What is reserved by somebody is passed by, and so is what has moved on meanwhile.
      if (bo.place !== place || !bo.resv.tryAcquire(dev.current)) continue;
      const ret = suitable(bo, noWait) ? yield* shrinkBo(xe, bo, scan, purging, noWait) : 0;
      unlock(dev, bo.resv);
      if (ret < 0 || scan.scanned >= pages) return;
    }
  }
}

/** `ttm_bo_shrink_suitable`. */
function suitable(bo: XeBo, noWait: boolean): boolean {
  return bo.tt === "populated" && bo.pins === 0 && (!noWait || bo.resv.busy(USAGE_BOOKKEEP) === null);
}

/** `xe_bo_shrink`. @returns -errno to end the pass */
function* shrinkBo(xe: Xe, bo: XeBo, scan: Scan, purging: boolean, noWait: boolean): Steps<Errno> {
  if (bo.imported || (purging && !bo.ttPurgeable)) return -EBUSY;
  // The object may be on its way out: without a reference to copy it is not ours to look at.
  if (bo.refs === 0) return 0;
  bo.get("shrinker");
  const pages = bo.size / PAGE;
  let ret: Errno;
  if (bo.ttPurgeable) {
    ret = yield* purge(xe, bo, noWait);
    if (ret === 0) scan.scanned += pages;
  } else {
    scan.scanned += pages;
    ret = yield* backUp(xe, bo, noWait);
  }
  if (ret === 0) {
    scan.freed += pages;
    xe.machine.counts.evictions++;
  }
  bo.put("shrinker");
  return ret;
}

/** Its contents go to swap (`ttm_bo_shrink`). */
function* backUp(xe: Xe, bo: XeBo, noWait: boolean): Steps<Errno> {
  const ret = bo.place === "tt" ? yield* moveBo(xe, bo, "system", false, { ...ALONE, noWait }) : 0;
  if (ret !== 0) return ret;
  yield* waitIdle(xe.machine.dev, bo.resv, "ttm_bo_shrink");
  bo.tt = "swapped";
  return 0;
}

/** {@link shrinkerScan} in the background. @returns bytes given up */
export function* shrinkBytes(xe: Xe, bytes: number): Steps<number> {
  const { freed } = yield* shrinkerScan(xe, Math.ceil(bytes / PAGE), true);
  return freed * PAGE;
}
