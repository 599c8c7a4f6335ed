import {
  ENOMEM,
  type Errno,
  gemVmBos,
  gpuvmBoEvict,
  gpuvmBoForEachVa,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import { firstOf, type NouveauBo } from "./bo.ts";
import type { NvDevice } from "./device.ts";
import { GART } from "./domains.ts";
import { vmaMap, vmaUnmap } from "./vma.ts";

/**
 * A VM's evicted object is wanted again (`nouveau_uvmm_bo_validate`): it goes back to where it may be, and not to where the
 * eviction wanted it.
 */
export function* uvmmValidate(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  // N8: with the placement that the eviction has left.
  if (!nv.defects.has("N8")) bo.placement = bo.validDomains;
  return yield* place(nv, bo);
}

/**
 * Brings an object to where the GPU can reach it (`nouveau_bo_validate` with the placement of its valid domains). Its
 * mappings are made again here, in the move, and not in a job. The object is locked.
 */
export function* validate(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  bo.placement = bo.validDomains;
  return yield* place(nv, bo);
}

/** Moves an object where its placement says, if it is out of reach. */
function* place(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  if (bo.reachableByGpu || bo.validDomains === 0) return 0;
  yield* preempt(nv.dev, "alloc", "nouveau_bo_validate");
  if (!nv.dev.mayAlloc("nouveau memory")) return -ENOMEM;
  move(nv, bo, true);
  return 0;
}

/** `nouveau_bo_move`: tells the VMs, then the page tables (`nouveau_bo_move_ntfy`). */
function move(nv: NvDevice, bo: NouveauBo, intoReach: boolean): void {
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    if (nv.uvmms.has(node.owner.vm)) gpuvmBoEvict(node.owner, !intoReach);
  }
  if (intoReach) {
    bo.pages = "resident";
    bo.lies = firstOf(bo.placement);
    mapAll(nv, bo);
  } else {
    unmapAll(nv, bo);
    // nouveau_bo_evict_flags: by way of the GART, from where it is swapped out.
    bo.placement = GART;
    bo.lies = 0;
    bo.takePages("evicted");
  }
}

/** Makes every mapping again (`nouveau_uvmm_bo_map_all`). */
export function mapAll(nv: NvDevice, bo: NouveauBo): void {
  const { counts } = nv.machine;
  for (const vma of bo.vmas.values()) {
    if (!vma.mapped) counts.rebinds++;
    vmaMap(vma);
  }
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const uvmm = nv.uvmms.get(node.owner.vm);
    if (uvmm === undefined) continue;
    gpuvmBoForEachVa(node.owner, (va) => {
      if (!uvmm.invalidated(va)) return;
      uvmm.invalidate(va, false);
      uvmm.mapVa(va);
      counts.rebinds++;
    });
  }
}

/** Clears every mapping's entries; the mappings stay (`nouveau_uvmm_bo_unmap_all`). */
function unmapAll(nv: NvDevice, bo: NouveauBo): void {
  for (const vma of bo.vmas.values()) vmaUnmap(vma);
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const uvmm = nv.uvmms.get(node.owner.vm);
    if (uvmm === undefined) continue;
    gpuvmBoForEachVa(node.owner, (va) => {
      uvmm.unmapVa(va);
      uvmm.invalidate(va, true);
    });
  }
}

/**
 * Memory pressure: moves objects that no job uses out of the GPU's reach, oldest first (`ttm_bo_swapout`). Locks are
 * only tried.
 *
 * @returns bytes given up
 */
export function* shrink(nv: NvDevice, bytes: number): Steps<number> {
  const { machine, dev } = nv;
  let done = 0;
  for (const obj of [...machine.memory.objects]) {
    if (done >= bytes) break;
    const bo = obj as NouveauBo;
    if (bo.refs === 0 || bo.pins > 0 || bo.imported || !bo.reachableByGpu) continue;
    if (bo.resv.owner !== null || !bo.resv.tryAcquire(dev.current)) continue;
    if (bo.resv.busy(USAGE_BOOKKEEP) === null) {
      move(nv, bo, false);
      machine.counts.evictions++;
      done += bo.size;
    }
    bo.resv.release(dev.current);
  }
  return done;
}
