import type { BoOwnership, DmaFence, DrmDevice, DrmGpuvm } from "@gpuvm/core";
import type { GpuEngine, Machine } from "@gpuvm/drm-model";
import type { Uvmm } from "./uvmm.ts";

/** The driver's state of the device (`struct nouveau_drm`). */
export interface NvDevice {
  readonly machine: Machine;
  readonly dev: DrmDevice;
  /** Whether VMs that programs manage count their objects. */
  readonly boOwnership: BoOwnership;
  /** Whether a client's own VMM does: not by itself. */
  readonly clientOwnership: BoOwnership;
  /** Numbers of the catalogue's bugs that are in. */
  readonly defects: ReadonlySet<string>;
  /** The graphics engine; channels take turns on it. */
  readonly engine: GpuEngine;
  /** The client's VMM behind each tree that programs manage themselves. */
  readonly uvmms: Map<DrmGpuvm, Uvmm>;
}

/** A timeline and its next number (`drm_sched_fence`, `nouveau_fence_chan`). */
export class Timeline {
  readonly #machine: Machine;
  readonly #context: number;
  #seqno = 0;
  /** The last fence. */
  last: DmaFence | null = null;

  /** A new timeline. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#context = machine.fenceContext();
  }

  /** The next fence. */
  next(): DmaFence {
    const fence = this.#machine.fence(this.#context, ++this.#seqno);
    this.last = fence;
    return fence;
  }
}
