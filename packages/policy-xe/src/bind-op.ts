import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  type Errno,
  type GpuvaOp,
  type OpMap,
  type Steps,
} from "@gpuvm/core";
import { GIB1 } from "@gpuvm/drm-model";
import type { XeVm } from "./vm.ts";
import {
  insertVma,
  newVma,
  prepVmaDestroy,
  type VmaAttributes,
  vmaDestroyUnlocked,
  type XeVma,
} from "./vma.ts";

/** One operation of a bind call with what the driver keeps of it (`struct xe_vma_op`). */
export class XeVmaOp {
  /** The core's operation. */
  readonly base: GpuvaOp;
  /** For a map: what the program asked for. */
  readonly attributes: VmaAttributes;
  /** For a map: entries are to be written now, not at the first fault. */
  readonly immediate: boolean;
  /** The VMA that a map makes. */
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
  constructor(base: GpuvaOp, attributes: VmaAttributes, immediate: boolean) {
    this.base = base;
    this.attributes = attributes;
    this.immediate = immediate;
  }
}

/**
 * Makes the VMAs of an operation and puts the change into the tree (`vm_bind_ioctl_ops_parse`, `xe_vma_op_commit`). After
 * an error {@link opUnwind} takes back what was done.
 */
export function* opParse(vm: XeVm, op: XeVmaOp): Steps<Errno> {
  const { base } = op;
  if (base.op === DRM_GPUVA_OP_MAP) {
    const vma = yield* make(vm, base.map, op.attributes);
    if (typeof vma === "number") return vma;
    op.map = vma;
  } else if (base.op === DRM_GPUVA_OP_REMAP) {
    const ret = yield* parseRemap(vm, op);
    if (ret !== 0) return ret;
  } else if (base.op === DRM_GPUVA_OP_UNMAP) op.old = vm.vmas[base.unmap.va] as XeVma;
  else op.old = vm.vmas[base.prefetch.va] as XeVma;
  return commit(vm, op);
}

function make(vm: XeVm, map: OpMap, attributes: VmaAttributes): Steps<XeVma | Errno> {
  return newVma(vm, map.addr, map.range, map.obj, map.offset, attributes);
}

function* parseRemap(vm: XeVm, op: XeVmaOp): Steps<Errno> {
  const { prev, next, unmap } = op.base.remap;
  const old = vm.vmas[unmap.va] as XeVma;
  const { start, end } = old;
  const bound = old.present || vm.faultMode;
  const cutAligned = (at: number) => bound && old.kind !== "userptr" && at % (old.pteSize || GIB1) === 0;
  op.old = old;
  op.start = op.oldStart = start;
  op.range = op.oldRange = end - start;
  if (prev !== null) {
    const vma = yield* make(vm, prev, old);
    if (typeof vma === "number") return vma;
    op.prev = vma;
    const cut = prev.addr + prev.range;
    op.skipPrev = cutAligned(cut);
    if (op.skipPrev) {
      vma.pteSize = old.pteSize;
      op.range -= cut - start;
      op.start = cut;
    }
  }
  if (next !== null) {
    const vma = yield* make(vm, next, old);
    if (typeof vma === "number") return vma;
    op.next = vma;
    op.skipNext = cutAligned(next.addr);
    if (op.skipNext) {
      vma.pteSize = old.pteSize;
      op.range -= end - next.addr;
    }
  }
  return 0;
}

function commit(vm: XeVm, op: XeVmaOp): Errno {
  vm.record.step(op.base);
  const { map, old, prev, next } = op;
  if (map !== null) {
    const ret = insertVma(map);
    op.committed = ret === 0;
    return ret;
  }
  if (old === null || (op.base.op !== DRM_GPUVA_OP_REMAP && op.base.op !== DRM_GPUVA_OP_UNMAP)) return 0;
  prepVmaDestroy(old, true);
  op.committed = true;
  if (op.base.op === DRM_GPUVA_OP_UNMAP) return 0;
  if (prev !== null) {
    const ret = insertVma(prev);
    if (ret !== 0) return ret;
    op.prevCommitted = true;
    if (op.skipPrev) prev.present = old.present;
  }
  if (next !== null) {
    const ret = insertVma(next);
    if (ret !== 0) return ret;
    op.nextCommitted = true;
    if (op.skipNext) next.present = old.present;
  }
  // While the operation is in flight the old VMA is what is unbound of it.
  old.setRange(op.start, op.range);
  return 0;
}

/** Takes an operation back (`xe_vma_op_unwind`); the later ones of the call were taken back before. */
export function* opUnwind(op: XeVmaOp): Steps<void> {
  if (op.map !== null) {
    prepVmaDestroy(op.map, op.committed);
    yield* vmaDestroyUnlocked(op.map);
    return;
  }
  if (op.prev !== null) {
    prepVmaDestroy(op.prev, op.prevCommitted);
    yield* vmaDestroyUnlocked(op.prev);
  }
  if (op.next !== null) {
    prepVmaDestroy(op.next, op.nextCommitted);
    yield* vmaDestroyUnlocked(op.next);
  }
  const { old } = op;
  if (old === null || !op.committed) return;
  old.destroyed = false;
  if (op.base.op === DRM_GPUVA_OP_REMAP) old.setRange(op.oldStart, op.oldRange);
  insertVma(old);
}
