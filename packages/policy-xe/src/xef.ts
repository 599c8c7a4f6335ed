import type { Kref, Machine, Process } from "@gpuvm/drm-model";

/** An open file as far as its VMs and queues need it: each counts it until it is freed. */
export interface Xef {
  /** Its number. */
  readonly id: number;
  readonly machine: Machine;
  /** Who makes the calls. */
  readonly process: Process;
  /** `xef->refcount`. */
  readonly kref: Kref;
}
