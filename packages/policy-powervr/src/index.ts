/**
 * How powervr (`drivers/gpu/drm/imagination`) holds buffer objects: binds in the ioctl, exact unmaps, a VM context with
 * two counts, and no eviction.
 *
 * @packageDocumentation
 */

export type { PvrDriver } from "./driver.ts";
export { powervr } from "./package.ts";
export type { JobArgs, PvrOwnRequest } from "./requests.ts";
export { HEAPS, type PvrHeap } from "./vm/heaps.ts";
