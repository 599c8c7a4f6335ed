import { Bo, type BoOptions, type Machine, releaseBo } from "@gpuvm/drm-model";
import type { PvrFence } from "./fence.ts";

/** A buffer object (`struct pvr_gem_object`): shmem pages that are pinned by the first map and stay until it is freed. */
export class PvrBo extends Bo {
  /**
   * Fences in its dma_resv, each counted, until another takes the place or the object is freed. A plain field: what the
   * explorer must tell apart, it must see.
   */
  private fences: PvrFence[] = [];

  /** A new object with one reference. */
  constructor(machine: Machine, options: BoOptions) {
    super(machine, { ...options, funcs: { free: (obj) => (obj as PvrBo).#free() } });
  }

  /** Puts a fence into the dma_resv, which must be locked and have a slot, and counts it. */
  attach(fence: PvrFence, usage: number): void {
    this.resv.addFence(fence.base, usage);
    fence.get(this);
    const kept: PvrFence[] = [];
    for (const old of this.fences) {
      if (old.base.signaled || old.base.context === fence.base.context) old.put(this);
      else kept.push(old);
    }
    kept.push(fence);
    this.fences = kept;
  }

  /** `pvr_gem_object_free`: what its dma_resv holds goes with it. */
  #free(): void {
    for (const fence of this.fences.splice(0)) fence.put(this);
    // Its pages were pinned by the first map.
    if (this.pins === 1) this.pins = 0;
    releaseBo(this);
  }
}
