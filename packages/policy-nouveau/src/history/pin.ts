import type { Errno } from "@gpuvm/core";
import type { NvDevice } from "../device.ts";

/**
 * Whether a pin counts: where the object is in place. Before 7.3 it counted although it was not where it must be (bug
 * N6).
 */
export function pinCounts(nv: NvDevice, ret: Errno): boolean {
  return ret === 0 || nv.defects.has("N6");
}
