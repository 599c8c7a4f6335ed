import type { NvDevice } from "../device.ts";
import type { Region } from "../regions.ts";

/*
 * Bug N9, between 6.17 and 7.3.4: the error path of UNMAP_SPARSE. A job that failed left the region marked as on its way
 * out, and one that came too late took the region of another job for its own.
 */

/** What a job that came too late remembers of the region. */
export function rememberedRegion(nv: NvDevice, region: Region | null): Region | null {
  return nv.defects.has("N9") ? region : null;
}

/** Whether a region stays marked when the job that marked it has failed. */
export function staysDirty(nv: NvDevice): boolean {
  return nv.defects.has("N9");
}
