/*
 * Bits of `xe_drm.h`.
 */

/** Unmapped addresses read a scratch page (`DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE`). */
export const VM_SCRATCH_PAGE: number = 1 << 0;
/** Long-running work, preempted instead of waited for (`DRM_XE_VM_CREATE_FLAG_LR_MODE`). */
export const VM_LR_MODE: number = 1 << 1;
/** Page faults (`DRM_XE_VM_CREATE_FLAG_FAULT_MODE`); needs LR mode. */
export const VM_FAULT_MODE: number = 1 << 2;
/** Nothing of the VM is evicted for the VM itself (`DRM_XE_VM_CREATE_FLAG_NO_VM_OVERCOMMIT`). */
export const VM_NO_OVERCOMMIT: number = 1 << 3;
/** Every flag of VM_CREATE. */
export const VM_FLAGS: number = VM_SCRATCH_PAGE | VM_LR_MODE | VM_FAULT_MODE | VM_NO_OVERCOMMIT;

/** `DRM_XE_VM_BIND_FLAG_READONLY`. */
export const BIND_READONLY: number = 1 << 0;
/** Fault mode: write the entries now (`DRM_XE_VM_BIND_FLAG_IMMEDIATE`). */
export const BIND_IMMEDIATE: number = 1 << 1;
/** Null pages, no object (`DRM_XE_VM_BIND_FLAG_NULL`). */
export const BIND_NULL: number = 1 << 2;
/** In a crash dump (`DRM_XE_VM_BIND_FLAG_DUMPABLE`). */
export const BIND_DUMPABLE: number = 1 << 3;
/** `DRM_XE_VM_BIND_FLAG_CHECK_PXP`. */
export const BIND_CHECK_PXP: number = 1 << 4;
/** Every flag of VM_BIND that is modelled. */
export const BIND_FLAGS: number = BIND_READONLY | BIND_IMMEDIATE | BIND_NULL | BIND_DUMPABLE | BIND_CHECK_PXP;

/** GEM_CREATE: no pages until the first use (`DRM_XE_GEM_CREATE_FLAG_DEFER_BACKING`). */
export const GEM_DEFER_BACKING: number = 1 << 0;

/** GEM_CREATE, placement: pages of the system. The bit is the region's instance. */
export const PLACE_SYSTEM: number = 1 << 0;
/** GEM_CREATE, placement: the memory of the first tile. */
export const PLACE_VRAM0: number = 1 << 1;

/** Engine class of a queue for binds (`DRM_XE_ENGINE_CLASS_VM_BIND`). */
export const CLASS_VM_BIND = 5;
