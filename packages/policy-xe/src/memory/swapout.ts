import { EBUSY, type Errno, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { unlock, waitFence } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { waitIdle } from "../preempt/preempt-fence.ts";
import { valuable } from "../vm/validate.ts";
import { ttmToXeBo, type XeBo } from "./bo.ts";
import { moveBo, purge } from "./move.ts";
import type { PlaceContext } from "./place-context.ts";

/**
 * Objects have more of the host's pages than they may: the longest unused one that has such, and that nobody holds, gives them to
 * swap (`ttm_global_swapout`, `ttm_bo_swapout`).
 *
 * @returns whether one did
 */
export function* swapout(xe: Xe, ctx: PlaceContext): Steps<boolean> {
  const { dev } = xe.machine;
  for (const place of ["system", "tt"] as const) {
    for (const ttm of xe.ttm.lrus[place].walk()) {
      const bo = ttmToXeBo(ttm);
      const locked = bo.resv.tryAcquire(dev.current);
      if (!locked && !(ctx.allowResEvict && bo.resv === ctx.resv)) continue;
      const ret = bo.place === place && bo !== xe.ttm.populating ? yield* swapoutOne(xe, bo, ctx) : -EBUSY;
      if (locked) unlock(dev, bo.resv);
      if (ret > 0) return true;
    }
  }
  return false;
}

/** `ttm_bo_swapout_cb`. @returns pages; 0: its contents were nobody's, and are gone; -errno: the next one is tried */
function* swapoutOne(xe: Xe, bo: XeBo, ctx: PlaceContext): Steps<Errno> {
  const { dev } = xe.machine;
  const pages = bo.size / 4096;
  if (!valuable(bo, ctx) || bo.tt !== "populated" || bo.imported) return -EBUSY;
  if (bo.refs === 0) {
    for (const fence of bo.lastFences) {
      if (ctx.noWait && !fence.signaled) return -EBUSY;
      yield* waitFence(dev, fence, "ttm_bo_swapout_cb");
    }
    xe.ttm.leave(bo);
    bo.tt = "none";
    return pages;
  }
  if (bo.place !== "system") {
    const ret = yield* moveBo(xe, bo, "system", true, ctx);
    if (ret !== 0) return ret;
  }
  if (ctx.noWait && bo.resv.busy(USAGE_BOOKKEEP) !== null) return -EBUSY;
  yield* waitIdle(dev, bo.resv, "ttm_bo_swapout_cb");
  // `xe_ttm_bo_swap_notify`
  if (bo.ttPurgeable) yield* purge(xe, bo, ctx.noWait);
  if (bo.tt !== "populated") return 0;
  bo.tt = "swapped";
  xe.machine.counts.evictions++;
  return pages;
}
