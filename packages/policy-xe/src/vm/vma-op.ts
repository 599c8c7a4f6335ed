import type { GpuvaOp } from "@gpuvm/core";
import type { VmaAttributes, XeVma } from "./vm.ts";

/** One operation of a bind call with what the driver keeps of it (`struct xe_vma_op`). */
export class XeVmaOp {
  /** `DRM_GPUVA_OP_*`. */
  readonly kind: number;
  /** The core's operation; null for a rebind, which is a map of a VMA that is there. */
  readonly base: GpuvaOp | null;
  /** For a map: what the program asked for. */
  readonly attributes: VmaAttributes;
  /** For a map: entries are to be written now, not at the first fault. */
  readonly immediate: boolean;
  /** For a map in fault mode: entries are cleared now, for scratch may be in the TLB, and written at the first fault. */
  invalidateOnBind = false;
  /** The VMA that a map makes, or that a rebind binds again. */
  map: XeVma | null = null;
  /** The VMA that goes (remap, unmap), or is looked at (prefetch). */
  old: XeVma | null = null;
  /** What a remap leaves before and behind the hole. */
  prev: XeVma | null = null;
  /** See {@link XeVmaOp.prev}. */
  next: XeVma | null = null;
  /** That side's entries are left alone: the cut is where an entry ends, whatever its size. */
  skipPrev = false;
  /** See {@link XeVmaOp.skipPrev}. */
  skipNext = false;
  /** What is really unbound of the VMA that is cut. */
  start = 0;
  /** See {@link XeVmaOp.start}. */
  range = 0;
  /** What it was. */
  oldStart = 0;
  /** See {@link XeVmaOp.oldStart}. */
  oldRange = 0;
  /** The tree has the change (`XE_VMA_OP_COMMITTED`, `_PREV_COMMITTED`, `_NEXT_COMMITTED`). */
  committed = false;
  /** See {@link XeVmaOp.committed}. */
  prevCommitted = false;
  /** See {@link XeVmaOp.committed}. */
  nextCommitted = false;

  /** Nothing is made yet. */
  constructor(kind: number, base: GpuvaOp | null, attributes: VmaAttributes, immediate: boolean) {
    this.kind = kind;
    this.base = base;
    this.attributes = attributes;
    this.immediate = immediate;
  }
}
