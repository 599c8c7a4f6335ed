import type { NvDevice } from "../device.ts";
import type { Region } from "../uvmm/regions.ts";

/* The error paths of binds of sparse regions, as they were before 7.3. */

/**
 * What a job that came too late remembers of the region. Before ccf930812f23 it took the region of another job for its own,
 * and its cleanup let that go (bug N11).
 */
export function rememberedRegion(nv: NvDevice, region: Region | null): Region | null {
  return nv.defects.has("N11") ? region : null;
}

/**
 * Whether a region stays marked as on its way out when the job that marked it has failed. Before 38a62306c426 it did (bug
 * N9).
 */
export function staysDirty(nv: NvDevice): boolean {
  return nv.defects.has("N9");
}

/**
 * A new region is taken back: it has no steps, and nothing of them is to be freed. Before 412a6ceb56d5 the list was freed
 * all the same, which was a null pointer (bug N10).
 */
export function freeNoSteps(nv: NvDevice): void {
  if (nv.defects.has("N10")) throw new TypeError("drm_gpuva_ops_free reads a list of steps, a null pointer");
}
