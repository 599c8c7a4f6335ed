import {
  type DmaFence,
  EINVAL,
  ENOMEM,
  type Errno,
  type GemFuncs,
  type Holder,
  type Steps,
} from "@gpuvm/core";
import { Bo, type BoOptions, type CountedFence, type Machine, preempt, releaseBo } from "@gpuvm/drm-model";

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
  /** Mappings for the kernel's own CPU accesses (`vmap_use_count`); the first pins the pages. */
  vmaps = 0;
  /** The fences in its dma_resv, each counted, until another takes the place or the object is freed; null: there was none. */
  fences: Map<DmaFence, CountedFence> | null = null;

  /** A new object with one reference. */
  constructor(machine: Machine, options: BoOptions, flags = 0) {
    super(machine, { ...options, funcs: FUNCS });
    this.flags = flags;
    this.pages = "resident";
  }

  /** Puts a fence into the dma_resv, which must be locked and have a slot (`dma_resv_add_fence`). */
  attach(fence: CountedFence, usage: number): void {
    fence.get(this);
    if (this.fences === null) {
      this.fences = new Map();
      this.resv.onDrop = (gone) => this.#drop(gone);
    }
    this.resv.addFence(fence.base, usage);
    // The same fence again has taken its own place.
    this.fences.set(fence.base, fence);
  }

  /** `drm_gem_shmem_vmap`. */
  vmap(): void {
    if (this.vmaps++ === 0) this.pins++;
  }

  /** `drm_gem_shmem_vunmap`. */
  vunmap(): void {
    if (--this.vmaps === 0) this.pins--;
  }

  #drop(fence: DmaFence): void {
    const counted = this.fences?.get(fence);
    this.fences?.delete(fence);
    counted?.put(this);
  }

  /** `pvr_gem_object_free`: what its dma_resv holds goes with it. */
  free(): void {
    if (this.fences !== null) for (const fence of [...this.fences.keys()]) this.#drop(fence);
    releaseBo(this);
  }
}

const FUNCS: GemFuncs = { free: (obj) => (obj as PvrBo).free() };

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
