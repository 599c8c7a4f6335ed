import { type DrmDevice, type DrmGpuvm, Lock } from "@gpuvm/core";
import { Kref } from "@gpuvm/drm-model";
import type { KernelBo } from "../gem/bo.ts";

/** Heaps of a VM (`MAX_HEAPS_PER_POOL`). */
export const MAX_HEAPS = 128;

/** A tiler heap (`struct panthor_heap`). */
export interface Heap {
  /** Bytes of each chunk. */
  readonly chunkBytes: number;
  /** Chunks at most. */
  readonly maxChunks: number;
  /** Render passes at once, beyond which the heap does not grow. */
  readonly targetInFlight: number;
  /** Chunks, the newest first. */
  readonly chunks: KernelBo[];
}

/**
 * The tiler heaps of a VM (`struct panthor_heap_pool`). Counted by its VM, and by whoever looks at it meanwhile; does not
 * hold its VM, but for the objects in it.
 */
export class HeapPool {
  /** References; the first is the VM's. */
  readonly kref: Kref;
  /** The VM was destroyed: no more heaps (`pool->vm` is null). */
  gone = false;
  /** Which heaps there are, and their chunks (`pool->lock`; readers keep each other out, too). */
  readonly lock: Lock;
  /** `gpu_contexts`; null before it was made and after the end. */
  contexts: KernelBo | null = null;
  /** Heaps by their number. */
  readonly heaps: Map<number, Heap> = new Map();

  /** Without memory. */
  constructor(dev: DrmDevice, gpuvm: DrmGpuvm) {
    this.lock = new Lock("heap pool", "panthor heap pool", dev.lockdep);
    this.kref = new Kref(dev, `heap_pool#${dev.serial()}`, gpuvm, () => {});
  }

  /** The lowest number that is free, or -1. */
  get nextId(): number {
    for (let id = 0; id < MAX_HEAPS; id++) if (!this.heaps.has(id)) return id;
    return -1;
  }
}
