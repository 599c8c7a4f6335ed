import {
  E2BIG,
  EBUSY,
  EINVAL,
  ENOMEM,
  type Errno,
  finish,
  gemVmBos,
  type Steps,
  USAGE_KERNEL,
} from "@gpuvm/core";
import { unlock, waitFence, waitResv } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { ttmToXeBo, type XeBo } from "../memory/bo.ts";
import type { Place } from "../memory/lru.ts";
import { moveBo } from "../memory/move.ts";
import { ALONE, type PlaceContext } from "../memory/place-context.ts";
import type { XeVm } from "./vm.ts";

/**
 * Makes an object's memory be where it may be (`xe_bo_validate`). Its dma_resv is held, and that of `vm`.
 *
 * @param allowResEvict other objects that share the VM's dma_resv may have to go; else nothing that is mapped in the VM may
 * @returns 0, -ENOMEM, or -E2BIG for what never fits
 */
export function* validateBo(bo: XeBo, vm: XeVm, allowResEvict: boolean): Steps<Errno> {
  if (isWhereBest(bo, bo.placements)) return 0;
  const validating = allowResEvict ? null : vm;
  return yield* placeBo(bo, bo.placements, { ...ALONE, resv: vm.gpuvm.resv, allowResEvict, validating });
}

/** Gives a new object its first memory (`xe_bo_init_locked`). A VM's own objects may have to go for it. */
export function initBo(bo: XeBo, places: readonly Place[]): Steps<Errno> {
  const resv = bo.vm?.gpuvm.resv ?? null;
  return placeBo(bo, places, { ...ALONE, resv, allowResEvict: resv !== null });
}

/**
 * Moves an object to where a program, or the GPU, wants it (`xe_bo_migrate`).
 *
 * @returns 0; -EBUSY: it is pinned; -EINVAL: it may not be there; -ENOMEM
 */
export function* migrateBo(bo: XeBo, place: "tt" | "vram"): Steps<Errno> {
  if (bo.place === place) return 0;
  if (bo.pins > 0) return -EBUSY;
  // `xe_bo_can_migrate`: what came in as a dma-buf stays where its owner has it.
  if (bo.imported || !bo.placements.includes(place)) return -EINVAL;
  return yield* placeBo(bo, [place], ALONE);
}

/** Takes an object's memory away, to pages, or from there out of the GPU's reach (`xe_bo_evict`). Its dma_resv is held. */
export function* evictBo(bo: XeBo): Steps<Errno> {
  const ret = yield* placeBo(bo, evictionPlaces(bo), ALONE);
  if (ret === 0) yield* waitResv(bo.dev, bo.resv, USAGE_KERNEL, "xe_bo_evict");
  return ret;
}

/** Makes room for the kernel's own, of what needs no waiting. */
export function makeRoomNow(xe: Xe, bytes: number): boolean {
  return finish(evictFor(xe, bytes, "vram", { ...ALONE, noWait: true }));
}

/**
 * `ttm_bo_validate`: first without taking anything from anybody, and not where it is only second best; then by force. What is
 * where it is second best stays there rather than have somebody evicted.
 */
function* placeBo(bo: XeBo, places: readonly Place[], ctx: PlaceContext): Steps<Errno> {
  for (const force of [false, true]) {
    if (force ? bo.place !== null && places.includes(bo.place) : isWhereBest(bo, places)) return 0;
    if (bo.pins > 0) return -EINVAL;
    const place = yield* allocate(bo, places, force, ctx);
    if (typeof place === "number") return place;
    if (place === null) continue;
    const ret = yield* moveBo(bo.xe, bo, place, false, ctx);
    if (ret !== 0) bo.xe.ttm.budget(place)?.release(bo.size);
    return ret;
  }
  return -ENOMEM;
}

function isWhereBest({ place }: XeBo, places: readonly Place[]): boolean {
  return place !== null && places.includes(place) && !isFallback(place, places);
}

/** Pages are what is left of what could be in VRAM (`TTM_PL_FLAG_FALLBACK`). */
function isFallback(place: Place, places: readonly Place[]): boolean {
  return place === "tt" && places.includes("vram");
}

/** `ttm_bo_alloc_resource`. @returns where there is room, which is taken; null: nowhere; -E2BIG */
function* allocate(
  bo: XeBo,
  places: readonly Place[],
  force: boolean,
  ctx: PlaceContext,
): Steps<Place | null | Errno> {
  const { ttm } = bo.xe;
  for (const place of places) {
    if (!force && isFallback(place, places)) continue;
    const budget = ttm.budget(place);
    if (place === "system" || budget === null) return place;
    if (place === "vram" && bo.size > budget.size) return -E2BIG;
    if (!budget.charge(bo.size) && !(force && (yield* evictFor(bo.xe, bo.size, place, ctx)))) continue;
    if (place !== "vram") return place;
    const moving = ttm.vram?.moving ?? null;
    // `ttm_bo_add_pipelined_eviction_fences`
    if (moving !== null && !moving.signaled) {
      bo.resv.reserve(1);
      bo.resv.addFence(moving, USAGE_KERNEL);
    }
    return "vram";
  }
  return null;
}

/**
 * Evicts objects of a place, the longest unused first, until there is room (`ttm_bo_evict_alloc`). What is reserved by somebody
 * is passed by, but for objects of the dma_resv that is held, if they may go.
 *
 * @returns whether the bytes are taken
 */
function* evictFor(xe: Xe, bytes: number, place: "tt" | "vram", ctx: PlaceContext): Steps<boolean> {
  const { ttm, machine } = xe;
  const { dev } = machine;
  for (const ttmBo of ttm.lrus[place].walk()) {
    const bo = ttmToXeBo(ttmBo);
    const locked = bo.resv.tryAcquire(dev.current);
    if (!locked && !(ctx.allowResEvict && bo.resv === ctx.resv)) continue;
    const ret = bo.place === place && valuable(bo, ctx) ? yield* evict(bo, ctx) : -EBUSY;
    if (locked) unlock(dev, bo.resv);
    if (ret === 0 && ttm.budget(place)?.charge(bytes)) return true;
  }
  return false;
}

/** `xe_bo_eviction_valuable`. */
export function valuable(bo: XeBo, { validating }: PlaceContext): boolean {
  if (bo.pins > 0) return false;
  if (validating === null) return true;
  return gemVmBos(bo)
    .toArray()
    .every(({ vm }) => vm !== validating.gpuvm);
}

/** `ttm_bo_evict`; what is on its way out is waited for instead. */
function* evict(bo: XeBo, ctx: PlaceContext): Steps<Errno> {
  const { noWait } = ctx;
  const { ttm } = bo.xe;
  if (bo.refs === 0) {
    for (const fence of bo.lastFences) {
      if (noWait && !fence.signaled) return -EBUSY;
      yield* waitFence(bo.dev, fence, "ttm_bo_evict");
    }
    ttm.leave(bo);
    return 0;
  }
  bo.machine.counts.evictions++;
  // Nobody is evicted from there for it in turn: what is second best has room.
  const place = evictionPlaces(bo).find((to) => ttm.budget(to)?.charge(bo.size) ?? true) as Place;
  const ret = yield* moveBo(bo.xe, bo, place, true, ctx);
  if (ret !== 0) ttm.budget(place)?.release(bo.size);
  return ret;
}

/** `xe_evict_flags`. */
function evictionPlaces(bo: XeBo): readonly Place[] {
  return bo.place === "vram" && bo.madv !== "dontneed" ? ["tt", "system"] : ["system"];
}
