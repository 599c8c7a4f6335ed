import type { Branded } from "./brand.ts";

/**
 * A mapping (`struct drm_gpuva`): the number of its row in the VM's table, from `gpuvaAlloc` or a look-up. 0 is none, as NULL is
 * in C. No other number fits.
 */
export type Gpuva = 0 | Branded<"gpuva">;
