import { ENOSPC, type Errno, gpuvmIntervalEmpty, type Steps } from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { BindJob } from "./bind-job.ts";
import type { Region } from "./regions.ts";
import type { Uvmm } from "./uvmm.ts";

/**
 * A map must lie in one sparse region or in none, and waits for a region on its way out (`bind_validate_region`); a new
 * region also waits for unmaps on their way, whose page tables it would share.
 *
 * @returns 0 or -ENOSPC
 */
export function* validateRegions(uvmm: Uvmm, job: BindJob): Steps<Errno> {
  for (const { kind, addr, range } of job.ops) {
    if (kind !== "map" && kind !== "map_sparse") continue;
    if (kind === "map_sparse") yield* waitForUnmaps(uvmm, job, addr, range);
    const region = yield* settled(uvmm, addr, range);
    if (region !== null && (kind === "map_sparse" || !encloses(region, addr, range))) return -ENOSPC;
  }
  return 0;
}

/** Whether a range lies in a region whole. */
export function encloses(region: Region, addr: number, range: number): boolean {
  return region.addr <= addr && addr + range <= region.addr + region.range;
}

/**
 * `nouveau_uvma_region_create`: only where nothing is.
 *
 * @returns 0; -ENOSPC or -EEXIST; -ENOMEM or -EINVAL of the page tables
 */
export function createRegion(uvmm: Uvmm, addr: number, range: number): Errno {
  if (!gpuvmIntervalEmpty(uvmm.vm, addr, range)) return -ENOSPC;
  const region: Region = { addr, range, dirty: false, gone: false };
  let ret = uvmm.regions.insert(region);
  if (ret !== 0) return ret;
  ret = uvmm.mmu.sparse(addr, range, true);
  if (ret !== 0) uvmm.regions.remove(region);
  return ret;
}

/** `nouveau_uvma_region_destroy`; nothing happens where there is none, or something is mapped in it. */
export function destroyRegion(uvmm: Uvmm, addr: number, range: number): void {
  const region = uvmm.regions.find(addr, range);
  if (region === null || !gpuvmIntervalEmpty(uvmm.vm, addr, range)) return;
  uvmm.regions.remove(region);
  uvmm.mmu.sparse(addr, range, false);
}

/** The first region in a range that is not on its way out, or null (`bind_validate_map_common`). */
function* settled(uvmm: Uvmm, addr: number, range: number): Steps<Region | null> {
  const { dev } = uvmm.vm;
  for (;;) {
    if (dev.stopsAt(uvmm.mutex, "bind_validate_map_common")) yield dev.point;
    uvmm.mutex.acquire(dev.current);
    const region = uvmm.regions.findFirst(addr, range);
    unlock(dev, uvmm.mutex);
    if (region === null || !region.dirty) return region;
    if (dev.waitsUntil(() => region.gone, "bind_validate_map_common")) yield dev.point;
  }
}

/** `bind_validate_map_sparse`. */
function* waitForUnmaps(uvmm: Uvmm, job: BindJob, addr: number, range: number): Steps<void> {
  const { dev } = uvmm.vm;
  for (;;) {
    const other = job.cli.sched.list.toArray().find(({ bind }) => bind?.unmaps(addr, range))?.bind;
    if (other === undefined || other === null) return;
    if (dev.waitsUntil(() => other.complete, "bind_validate_map_sparse")) yield dev.point;
  }
}
