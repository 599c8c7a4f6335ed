import { EINVAL, ENOMEM, ENOSPC, type Errno, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { waitResv } from "@gpuvm/drm-model";
import type { NvDevice } from "../device.ts";
import { boOf, type NouveauBo } from "../gem/bo.ts";
import { CPU, GART } from "../gem/domains.ts";
import { freeResource, MULTIHOP, moveTo } from "./move.ts";
import { PL_SYSTEM, PL_TT, PL_VRAM, type Placement, placementOf } from "./place.ts";
import { type Resource, unevictable } from "./resource.ts";

/** Without force, then with. */
const ONCE_MORE: readonly boolean[] = [false, true];

/**
 * Brings an object to one of the places that it may have now, if it is in none of them (`ttm_bo_validate`). First without
 * moving others away; then by force. The object is locked.
 *
 * @returns 0; -EINVAL for a pinned object that would have to move; -ENOMEM
 */
export function* ttmValidate(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  for (const force of ONCE_MORE) {
    if (bo.resource !== null && compatible(bo.resource, bo.placement, force)) return 0;
    if (bo.pins > 0) return -EINVAL;
    if (nv.dev.stopsFor("alloc", "nouveau_bo_validate")) yield nv.dev.point;
    if (!nv.dev.mayAlloc("nouveau memory")) return -ENOMEM;
    const res = yield* alloc(nv, bo, bo.placement, force);
    if (res === null) continue;
    const ret = yield* moveByHops(nv, bo, res, false);
    if (ret !== 0) freeResource(nv, res);
    return ret;
  }
  return -ENOMEM;
}

/** Whether memory is where a placement wants it (`ttm_resource_compatible`). */
function compatible(res: Resource, placement: readonly Placement[], force: boolean): boolean {
  for (const { place, fallback } of placement) if (place === res.place && (force || !fallback)) return true;
  return false;
}

/** Where an object is on its way between VRAM and what the GPU does not reach. */
const HOP: readonly Placement[] = [{ place: PL_TT, fallback: false }];

/** Moves; through the GART where there is no way without (`ttm_bo_bounce_temp_buffer`). */
function* moveByHops(nv: NvDevice, bo: NouveauBo, res: Resource, evict: boolean): Steps<Errno> {
  for (;;) {
    const ret = yield* moveTo(nv, bo, res, evict);
    if (ret !== MULTIHOP) return ret;
    let hop = yield* alloc(nv, bo, HOP, false);
    hop ??= yield* alloc(nv, bo, HOP, true);
    if (hop === null) return -ENOSPC;
    const hopped = yield* moveTo(nv, bo, hop, false);
    if (hopped === 0) continue;
    freeResource(nv, hop);
    return hopped === MULTIHOP ? -EINVAL : hopped;
  }
}

/** Memory in the first place that has some (`ttm_bo_alloc_resource`); with `force` others are moved away for it. */
function* alloc(
  nv: NvDevice,
  bo: NouveauBo,
  placement: readonly Placement[],
  force: boolean,
): Steps<Resource | null> {
  for (const { place, fallback } of placement) {
    if (fallback && !force) continue;
    const res = nv.places[place].alloc(bo);
    if (res !== null) return res;
    if (!force || place === PL_SYSTEM) continue;
    const forced = yield* evictFor(nv, bo, place);
    if (forced !== null) return forced;
  }
  return null;
}

/** Moves away who is least recently used, one by one, until there is room for an object (`ttm_bo_evict_alloc`). */
function* evictFor(
  nv: NvDevice,
  evictor: NouveauBo,
  place: typeof PL_TT | typeof PL_VRAM,
): Steps<Resource | null> {
  const { dev } = nv;
  for (const victim of nv.places[place].lru.toArray()) {
    const bo = boOf(victim);
    if (unevictable(victim) || bo.resource !== victim || !bo.resv.tryAcquire(dev.current)) continue;
    bo.keep();
    const ret = yield* evictOrDrop(nv, victim);
    bo.resv.release(dev.current);
    bo.letGo();
    if (ret !== 0) continue;
    const res = nv.places[place].alloc(evictor);
    if (res !== null) return res;
  }
  return null;
}

/** Moves an object away; one that is freed, and waits for its fences only, gives up its memory (`ttm_bo_evict_cb`). */
function* evictOrDrop(nv: NvDevice, res: Resource): Steps<Errno> {
  const bo = boOf(res);
  if (bo.refs > 0) return yield* evict(nv, bo);
  yield* waitResv(nv.dev, bo.resv, USAGE_BOOKKEEP, "ttm_bo_wait_ctx");
  if (bo.resource !== res) return 0;
  bo.resource = null;
  freeResource(nv, res);
  return 0;
}

/** Moves an object away (`ttm_bo_evict`): from VRAM to the GART, from there out of the GPU's reach. It is locked. */
export function* evict(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  // nouveau_bo_evict_flags
  bo.placement = bo.resource?.place === PL_VRAM ? placementOf(GART, CPU) : placementOf(CPU);
  for (const force of ONCE_MORE) {
    const res = yield* alloc(nv, bo, bo.placement, force);
    if (res === null) continue;
    const ret = yield* moveByHops(nv, bo, res, true);
    if (ret !== 0) freeResource(nv, res);
    else nv.machine.counts.evictions++;
    return ret;
  }
  return -ENOSPC;
}

/** Moves everybody out of a place (`ttm_resource_manager_evict_all`), as a suspend does. */
export function* evictAll(nv: NvDevice, place: typeof PL_TT | typeof PL_VRAM): Steps<Errno> {
  const { dev } = nv;
  for (;;) {
    const first = nv.places[place].lru.toArray().find((res) => !unevictable(res) && res.bo.resource === res);
    if (first === undefined) return 0;
    const bo = boOf(first);
    bo.keep();
    if (dev.stopsAt(bo.resv, "ttm_bo_evict_first")) yield dev.point;
    bo.resv.acquire(dev.current);
    const ret = bo.resource === first ? yield* evictOrDrop(nv, first) : 0;
    bo.resv.release(dev.current);
    bo.letGo();
    if (ret !== 0) return ret;
  }
}

/** Brings an object to where its domains let it be (`nouveau_bo_placement_set`, `nouveau_bo_validate`). It is locked. */
export function* validate(nv: NvDevice, bo: NouveauBo, domains: number = bo.validDomains): Steps<Errno> {
  bo.placement = placementOf(domains);
  return yield* ttmValidate(nv, bo);
}
