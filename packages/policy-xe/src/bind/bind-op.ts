import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  type Errno,
  type GpuvaOp,
  type OpMap,
  type OpRemap,
  type Steps,
} from "@gpuvm/core";
import { isAligned } from "@gpuvm/drm-model";
import { forgetSkipped } from "../history.ts";
import { pinPages } from "../userptr/userptr-pin.ts";
import type { VmaAttributes, XeVm, XeVma } from "../vm/vm.ts";
import { maxPteSize, setPteSize } from "../vm/vma.ts";
import { insertVma, newVma, prepVmaDestroy, unprepVmaDestroy, vmaDestroyUnlocked } from "../vm/vma-life.ts";
import { XeVmaOp } from "../vm/vma-op.ts";

/** An operation that binds a VMA again (`xe_vm_populate_rebind`). */
export function rebindOp(vma: XeVma): XeVmaOp {
  const op = new XeVmaOp(DRM_GPUVA_OP_MAP, null, vma, true);
  op.map = vma;
  return op;
}

/**
 * Makes the VMAs of an operation and puts the change into the tree (`vm_bind_ioctl_ops_parse`). After an error
 * {@link opUnwind} takes back what was done.
 */
export function* opParse(vm: XeVm, op: XeVmaOp, base: GpuvaOp): Steps<Errno> {
  switch (base.op) {
    case DRM_GPUVA_OP_MAP: {
      const vma = yield* make(vm, base.map, op.attributes);
      if (typeof vma === "number") return vma;
      op.map = vma;
      break;
    }
    case DRM_GPUVA_OP_REMAP: {
      const ret = yield* parseRemap(vm, op, base.remap);
      if (ret !== 0) return ret;
      break;
    }
    case DRM_GPUVA_OP_UNMAP:
      op.old = vm.vmas[base.unmap.va] as XeVma;
      break;
    case DRM_GPUVA_OP_PREFETCH:
      op.old = vm.vmas[base.prefetch.va] as XeVma;
      if (op.old.userptr !== null && !vm.xe.defects.has("X13")) {
        const ret = yield* pinPages(op.old);
        if (ret !== 0) return ret;
      }
      break;
    default:
      throw new TypeError(`no operation ${op.kind}`);
  }
  return yield* commit(vm, op, base);
}

function make(vm: XeVm, map: OpMap, attributes: VmaAttributes): Steps<XeVma | Errno> {
  return newVma(vm, map.addr, map.range, map.obj, map.offset, attributes);
}

/**
 * A cut where an entry ends, whatever the greatest entry of the old VMA is, leaves that side's entries alone. The memory of
 * a program is looked up anew for each piece, so they have to be written.
 */
function* parseRemap(vm: XeVm, op: XeVmaOp, { prev, next, unmap }: OpRemap): Steps<Errno> {
  const old = vm.vmas[unmap.va] as XeVma;
  const { start, end } = old;
  op.old = old;
  op.start = op.oldStart = start;
  op.range = op.oldRange = end - start;
  const aligned = (at: number) => old.kind !== "userptr" && isAligned(at, maxPteSize(old));
  if (prev !== null) {
    const vma = yield* make(vm, prev, old);
    if (typeof vma === "number") return vma;
    op.prev = vma;
    op.skipPrev = aligned(vma.end);
    if (op.skipPrev) {
      setPteSize(vma, maxPteSize(old));
      op.range -= vma.end - start;
      op.start = vma.end;
    }
  }
  if (next !== null) {
    const vma = yield* make(vm, next, old);
    if (typeof vma === "number") return vma;
    op.next = vma;
    op.skipNext = aligned(vma.start);
    if (op.skipNext) {
      setPteSize(vma, maxPteSize(old));
      op.range -= end - vma.start;
    }
  }
  return 0;
}

/** `xe_vma_op_commit`. */
function* commit(vm: XeVm, op: XeVmaOp, base: GpuvaOp): Steps<Errno> {
  vm.record.step(base);
  switch (op.kind) {
    case DRM_GPUVA_OP_MAP: {
      const ret = insertVma(op.map as XeVma);
      op.committed = ret === 0;
      return ret;
    }
    case DRM_GPUVA_OP_REMAP:
      return yield* commitRemap(vm, op, op.old as XeVma);
    case DRM_GPUVA_OP_UNMAP:
      yield* prepVmaDestroy(op.old as XeVma, true);
      op.committed = true;
      return 0;
    default:
      op.committed = true;
      return 0;
  }
}

function* commitRemap(vm: XeVm, op: XeVmaOp, old: XeVma): Steps<Errno> {
  const { prev, next } = op;
  yield* prepVmaDestroy(old, true);
  op.committed = true;
  if (prev !== null) {
    const ret = insertVma(prev);
    if (ret !== 0) return ret;
    op.prevCommitted = true;
    if (op.skipPrev) prev.tilePresent = old.tilePresent;
  }
  if (next !== null) {
    const ret = insertVma(next);
    if (ret !== 0) return ret;
    op.nextCommitted = true;
    if (op.skipNext) next.tilePresent = old.tilePresent;
  }
  // While the operation is in flight the old VMA is what is unbound of it.
  old.setRange(op.start, op.range);
  forgetSkipped(vm.xe, op);
  return 0;
}

/** Takes an operation back (`xe_vma_op_unwind`); the later ones of the call were taken back before. */
export function* opUnwind(op: XeVmaOp): Steps<void> {
  switch (op.kind) {
    case DRM_GPUVA_OP_MAP:
      if (op.map !== null) yield* destroyPiece(op.map, op.committed);
      return;
    case DRM_GPUVA_OP_REMAP:
      if (op.prev !== null) yield* destroyPiece(op.prev, op.prevCommitted);
      if (op.next !== null) yield* destroyPiece(op.next, op.nextCommitted);
      if (op.old === null) return;
      yield* unprepVmaDestroy(op.old);
      if (!op.committed) return;
      op.old.setRange(op.oldStart, op.oldRange);
      insertVma(op.old);
      return;
    case DRM_GPUVA_OP_UNMAP:
      if (op.old === null) return;
      yield* unprepVmaDestroy(op.old);
      if (op.committed) insertVma(op.old);
      return;
    default: // A prefetch changes nothing in the tree.
  }
}

function* destroyPiece(vma: XeVma, inTree: boolean): Steps<void> {
  yield* prepVmaDestroy(vma, inTree);
  yield* vmaDestroyUnlocked(vma);
}
