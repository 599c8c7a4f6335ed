import { EINVAL, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { Bo, type BoOptions, type Machine, preempt, releaseBo } from "@gpuvm/drm-model";
import type { PvrFence } from "../queue/fence.ts";

/** `DRM_PVR_BO_PM_FW_PROTECT`: memory that the firmware alone may touch; it cannot be exported. */
export const PM_FW_PROTECT = 2;
/** `DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS`. */
export const ALLOW_CPU = 4;
/** With `DRM_PVR_BO_BYPASS_DEVICE_CACHE`, every flag (`DRM_PVR_BO_FLAGS_MASK`). */
export const BO_FLAGS = 7;

/** A buffer object (`struct pvr_gem_object`): shmem pages from its creation until it is freed. */
export class PvrBo extends Bo {
  /** `DRM_PVR_BO_*`. */
  readonly flags: number;
  /**
   * Fences in its dma_resv, each counted, until another takes the place or the object is freed. A plain field: what the
   * explorer must tell apart, it must see.
   */
  private fences: PvrFence[] = [];

  /** A new object with one reference. */
  constructor(machine: Machine, options: BoOptions, flags = 0) {
    super(machine, { ...options, funcs: { free: (obj) => (obj as PvrBo).#free() } });
    this.flags = flags;
    this.pages = "resident";
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
    releaseBo(this);
  }
}

/**
 * `pvr_gem_object_create`: the pages are got, and zeroed, here.
 *
 * @returns the object, with one reference of `holder`; -EINVAL for no size or flags that exclude each other; -ENOMEM
 */
export function* createBo(
  machine: Machine,
  size: number,
  flags: number,
  holder: Holder = "creator",
): Steps<PvrBo | Errno> {
  const { dev } = machine;
  const both = PM_FW_PROTECT | ALLOW_CPU;
  if (size === 0 || (flags & both) === both) return -EINVAL;
  yield* preempt(dev, "alloc", "pvr_gem_object_create");
  if (!dev.mayAlloc("pvr_gem_object") || !dev.mayAlloc("pvr pages")) return -ENOMEM;
  return new PvrBo(machine, { size: Math.ceil(size / 4096) * 4096, holder }, flags);
}
