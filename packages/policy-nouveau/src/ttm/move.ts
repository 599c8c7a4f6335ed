import {
  ENOMEM,
  type Errno,
  gemVmBos,
  gpuvmBoEvict,
  gpuvmBoForEachVa,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { preempt, waitResv } from "@gpuvm/drm-model";
import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { copy, unprepare } from "./copy.ts";
import { PL_SYSTEM, PL_TT, PL_VRAM } from "./place.ts";
import { mappable, type Resource } from "./resource.ts";

/** The GPU copies to and from VRAM by way of the GART only: the object has to go there first (-EMULTIHOP). */
export const MULTIHOP = "multihop";

/**
 * Moves an object to other memory, which it has from then on (`ttm_bo_handle_move_mem`, `nouveau_bo_move`). Its mappings
 * are told first, and changed; the copy is made when no job uses the object any more. A move that fails tells them again,
 * of where the object has stayed.
 */
export function* moveTo(
  nv: NvDevice,
  bo: NouveauBo,
  to: Resource,
  evict: boolean,
): Steps<Errno | typeof MULTIHOP> {
  const from = bo.resource;
  if (to.place !== PL_VRAM) {
    bo.tt ??= "unpopulated";
    if (to.place === PL_TT) yield* populate(nv, bo);
  }
  if (nv.gpuWorks) yield* waitResv(nv.dev, bo.resv, USAGE_BOOKKEEP, "ttm_bo_wait_ctx");
  const before = bo.otherMemory();
  evicted(nv, bo, evict);
  notify(nv, bo, to);
  yield* waitResv(nv.dev, bo.resv, USAGE_BOOKKEEP, "ttm_bo_wait_ctx");
  const ret = yield* carry(nv, bo, from, to);
  if (ret === MULTIHOP) return MULTIHOP;
  if (ret !== 0) {
    bo.generation = before;
    notify(nv, bo, from);
    evicted(nv, bo, !evict);
    return ret;
  }
  bo.resource = to;
  if (from !== null) freeResource(nv, from);
  if (to.place === PL_VRAM) bo.tt = null;
  bo.landed();
  return 0;
}

function* carry(
  nv: NvDevice,
  bo: NouveauBo,
  from: Resource | null,
  to: Resource,
): Steps<Errno | typeof MULTIHOP> {
  // There is nothing to copy in an object that never had memory.
  if (from === null) return 0;
  if (from.place === PL_SYSTEM && bo.tt === null) return 0;
  const both = [from.place, to.place];
  if (!both.includes(PL_VRAM)) return 0;
  if (both.includes(PL_SYSTEM)) return MULTIHOP;
  if ((yield* copy(nv, bo, to)) === 0) return 0;
  // The CPU copies what the GPU cannot (`ttm_bo_move_memcpy`).
  yield* preempt(nv.dev, "alloc", "ttm_bo_move_memcpy");
  return nv.dev.mayAlloc("ttm_bo_move_memcpy") ? 0 : -ENOMEM;
}

/** Memory goes back to its place (`ttm_resource_free`). */
export function freeResource(nv: NvDevice, res: Resource): void {
  if (res.copied?.signaled === false) {
    const what = `memory of ${res.bo.name} is given back while the GPU copies from it`;
    nv.machine.hazard("use-after-free", res.bo.name, what);
  }
  unprepare(nv, res);
  res.home.release(res);
}

/**
 * Pages for an object, from swap if they are there (`ttm_bo_populate`). If there are too many then, others' go to swap, as
 * long as somebody has some to give (`ttm_tt_populate`).
 */
function* populate(nv: NvDevice, bo: NouveauBo): Steps<void> {
  if (bo.tt === "populated") return;
  const swapped = bo.tt === "swapped";
  bo.tt = "populated";
  while (nv.host.used > nv.host.limit) if ((yield* nv.swapout()) === 0) break;
  if (swapped) bo.used();
}

/** Tells the VMs whether it is where a program wanted it (`drm_gpuvm_bo_gem_evict`). */
function evicted(nv: NvDevice, bo: NouveauBo, evict: boolean): void {
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    if (nv.uvmms.has(node.owner.vm)) gpuvmBoEvict(node.owner, evict);
  }
}

/** Changes the mappings (`nouveau_bo_move_ntfy`): they lead to the new memory, if it has pages of the object's size. */
export function notify(nv: NvDevice, bo: NouveauBo, to: Resource | null): void {
  if (to !== null && mappable(to)) mapAll(nv, bo);
  else unmapAll(nv, bo);
}

/** Makes every mapping, those that are there included (`nouveau_uvmm_bo_map_all`). */
export function mapAll(nv: NvDevice, bo: NouveauBo): void {
  const { counts } = nv.machine;
  for (const vma of bo.vmas) {
    if (!vma.mapped) counts.rebinds++;
    vma.map();
  }
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const uvmm = nv.uvmms.get(node.owner.vm);
    if (uvmm === undefined) continue;
    gpuvmBoForEachVa(node.owner, (va) => {
      if (uvmm.invalidated(va)) counts.rebinds++;
      uvmm.mapVa(va);
      uvmm.invalidate(va, false);
    });
  }
}

/** Clears every mapping's entries; the mappings stay (`nouveau_uvmm_bo_unmap_all`). */
function unmapAll(nv: NvDevice, bo: NouveauBo): void {
  for (const vma of bo.vmas) vma.unmap();
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const uvmm = nv.uvmms.get(node.owner.vm);
    if (uvmm === undefined) continue;
    gpuvmBoForEachVa(node.owner, (va) => {
      uvmm.unmapVa(va);
      uvmm.invalidate(va, true);
    });
  }
}
