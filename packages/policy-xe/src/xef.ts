import type { Kref, Machine } from "@gpuvm/drm-model";

/** An open file as far as its VMs and queues need it: each counts it until it is freed. */
export interface Xef {
  /** Its number. */
  readonly id: number;
  readonly machine: Machine;
  /** `xef->refcount`. */
  readonly kref: Kref;
}
