import type { Generation } from "./generation.ts";

/** Linux 7.3.4. */
export const gen73: Generation = {
  immediate: true,
  pinnedBy: "op",
  evictable: true,
  sparse: true,
  regionLock: true,
  blocks: "widen",
  strict: true,
};

/** Between the two, about 6.19: the core's deferral, pages still held by the vm_bo. */
export const gen619: Generation = {
  immediate: true,
  pinnedBy: "vm_bo",
  evictable: false,
  sparse: false,
  regionLock: false,
  blocks: "fail",
  strict: false,
};

/** Linux 6.12: the driver defers by hand. */
export const gen612: Generation = {
  immediate: false,
  pinnedBy: "vm_bo",
  evictable: false,
  sparse: false,
  regionLock: false,
  blocks: "split",
  strict: false,
};
