/*
 * Bits of `panthor_drm.h`, and those that the driver keeps with each VA.
 */

/** `DRM_PANTHOR_VM_BIND_OP_MAP_READONLY`. */
export const MAP_READONLY: number = 1 << 0;
/** `DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC`. */
export const MAP_NOEXEC: number = 1 << 1;
/** `DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED`. */
export const MAP_UNCACHED: number = 1 << 2;
/** `DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE`. */
export const MAP_SPARSE: number = 1 << 3;
/** Every flag of a MAP. */
export const MAP_FLAGS: number = MAP_READONLY | MAP_NOEXEC | MAP_UNCACHED | MAP_SPARSE;

/** The flags of the MAP begin here among a VA's flags. */
export const VA_MAP_SHIFT = 2;
/** The VA maps the file's dummy object again and again. */
export const VA_SPARSE: number = MAP_SPARSE << VA_MAP_SHIFT;
/** The VA has no entries: its object's pages were taken (`vma->evicted`). */
export const VA_EVICTED: number = 1 << 8;
/** The VA maps an object of the driver's own. */
export const VA_INTERNAL: number = 1 << 9;

/** Bytes of the GPU's address space (`va_bits` 48). */
export const VA_SIZE: number = 2 ** 48;
/** Least part of it that is the kernel's (`PANTHOR_VM_MIN_KERNEL_VA_SIZE`). */
export const MIN_KERNEL_VA: number = 256 * 2 ** 20;
/** Bytes of the firmware's address space. */
export const MCU_VA_SIZE: number = 2 ** 32;
/** The part of it where the driver places what it shares with the firmware (`CSF_MCU_SHARED_REGION_START`, `_SIZE`). */
export const MCU_SHARED: { readonly start: number; readonly size: number } = {
  start: 2 ** 26,
  size: 2 ** 26,
};
/** VMs of a file (`PANTHOR_MAX_VMS_PER_FILE`). */
export const MAX_VMS = 32;
