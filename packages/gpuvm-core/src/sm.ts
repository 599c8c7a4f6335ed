import { EINVAL, ENOMEM, type Errno } from "./errno.ts";
import { gpuvaFindFirst, gpuvmNextVa } from "./find.ts";
import type { DrmGemObject } from "./gem.ts";
import { gpuvaExact } from "./gpuva.ts";
import type { DrmGpuvm, DrmGpuvmBo } from "./gpuvm.ts";
import { assertGemListLocked } from "./gpuvm-bo.ts";
import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  type GpuvaOp,
  type GpuvaOpPrefetch,
  type GpuvaOpSlot,
  type GpuvaOpUnmap,
  type GpuvaSmOp,
  type OpRemap,
} from "./op.ts";
import type { GpuvaOps } from "./ops.ts";
import { SmWalk } from "./sm-walk.ts";
import { toBig, type U64 } from "./u64.ts";
import type { Gpuva } from "./va.ts";

/** A map request (`struct drm_gpuvm_map_req`, 6.18). */
export interface GpuvmMapReq {
  /** First address. */
  readonly addr: U64;
  /** Length. 0 is accepted, and means what it means in the kernel: reject it at the uAPI. */
  readonly range: U64;
  /** The object, or null for a sparse mapping. */
  readonly obj: DrmGemObject | null;
  /** Offset into the object; neither it nor `offset + range` is compared with the object's size. */
  readonly offset: U64;
}

/** The walk that a VM uses again and again. */
function walkOf(vm: DrmGpuvm): SmWalk {
  vm.walk ??= new SmWalk(vm);
  return vm.walk as SmWalk;
}

/**
 * Starts the steps of a map request, to be pulled one by one and applied in between: callback mode for code that can
 * stop. Only one walk of a VM at a time.
 *
 * @returns -EINVAL for an invalid range
 */
export function gpuvmSmMapBegin(vm: DrmGpuvm, req: GpuvmMapReq): SmWalk | Errno {
  const walk = walkOf(vm);
  return walk.start("map", req) || walk;
}

/** As {@link gpuvmSmMapBegin}, for an unmap request. */
export function gpuvmSmUnmapBegin(vm: DrmGpuvm, addr: U64, range: U64): SmWalk | Errno {
  const walk = walkOf(vm);
  return walk.startUnmap(addr, range) || walk;
}

/**
 * Splits and merges for a map request, and calls the VM's step callbacks (`drm_gpuvm_sm_map`). The operation passed
 * to a callback is good only for that call. A callback that answers non-zero ends the walk with that; what was
 * applied stays.
 *
 * @returns 0; -EINVAL if the range is not valid or a callback is missing; what a callback returned
 */
export function gpuvmSmMap(vm: DrmGpuvm, priv: unknown, req: GpuvmMapReq): Errno {
  const { ops } = vm;
  if (ops.smStepMap === undefined || ops.smStepRemap === undefined || ops.smStepUnmap === undefined)
    return -EINVAL;
  return walkOf(vm).start("map", req) || deliver(vm, priv);
}

/** As {@link gpuvmSmMap}, for an unmap request (`drm_gpuvm_sm_unmap`). */
export function gpuvmSmUnmap(vm: DrmGpuvm, priv: unknown, addr: U64, range: U64): Errno {
  if (vm.ops.smStepRemap === undefined || vm.ops.smStepUnmap === undefined) return -EINVAL;
  return walkOf(vm).startUnmap(addr, range) || deliver(vm, priv);
}

function deliver(vm: DrmGpuvm, priv: unknown): Errno {
  const { ops } = vm;
  const walk = walkOf(vm);
  const scratch = walk.op;
  while (walk.next(scratch)) {
    let ret: Errno | undefined;
    if (scratch.op === DRM_GPUVA_OP_MAP) ret = ops.smStepMap?.(scratch, priv);
    else if (scratch.op === DRM_GPUVA_OP_REMAP) ret = ops.smStepRemap?.(scratch, priv);
    else ret = ops.smStepUnmap?.(scratch, priv);
    if (ret) return ret;
  }
  return 0;
}

/**
 * The steps of a map request as a list (`drm_gpuvm_sm_map_ops_create`). The tree is not changed.
 *
 * @returns the list, or -EINVAL or -ENOMEM
 */
export function gpuvmSmMapOpsCreate(vm: DrmGpuvm, req: GpuvmMapReq): GpuvaOps<GpuvaSmOp> | Errno {
  const walk = walkOf(vm);
  return walk.start("map", req) || collect(vm, walk);
}

/** As {@link gpuvmSmMapOpsCreate}, for an unmap request (`drm_gpuvm_sm_unmap_ops_create`). */
export function gpuvmSmUnmapOpsCreate(vm: DrmGpuvm, addr: U64, range: U64): GpuvaOps<GpuvaSmOp> | Errno {
  const walk = walkOf(vm);
  return walk.startUnmap(addr, range) || collect(vm, walk);
}

/**
 * Cuts the VAs without object so that both ends of the request become VA boundaries
 * (`drm_gpuvm_madvise_ops_create`, 6.18): at most two remaps, each followed by a map of what it cut out.
 */
export function gpuvmMadviseOpsCreate(vm: DrmGpuvm, req: GpuvmMapReq): GpuvaOps<GpuvaSmOp> | Errno {
  const walk = walkOf(vm);
  return walk.start("madvise", req) || collect(vm, walk);
}

function collect(vm: DrmGpuvm, walk: SmWalk): GpuvaOps<GpuvaSmOp> | Errno {
  const ops = vm.pool.list() as GpuvaOps<GpuvaSmOp>;
  if (vm.ops.opAlloc !== undefined || vm.dev.failAlloc !== null) return collectAllocated(vm, ops);
  walk.fill(ops);
  return ops;
}

/** The same where operations are the driver's, or may fail to be allocated. */
function collectAllocated(vm: DrmGpuvm, ops: GpuvaOps<GpuvaSmOp>): GpuvaOps<GpuvaSmOp> | Errno {
  const walk = walkOf(vm);
  while (walk.pending) {
    const op = newOp(vm, ops);
    if (op === null) return giveUp(vm, ops);
    if (!walk.next(op)) {
      dropOp(vm, ops);
      break;
    }
    ops.length++;
  }
  return ops;
}

/**
 * One prefetch for each VA that overlaps the range, ascending (`drm_gpuvm_prefetch_ops_create`). The range is not
 * checked and may wrap; the kernel node is not skipped.
 *
 * @returns the list, or -ENOMEM
 */
export function gpuvmPrefetchOpsCreate(
  vm: DrmGpuvm,
  addr: U64,
  range: U64,
): GpuvaOps<GpuvaOpPrefetch> | Errno {
  const ops = vm.pool.list() as GpuvaOps<GpuvaOpPrefetch>;
  const end = BigInt.asUintN(64, toBig(addr) + toBig(range));
  for (
    let va = gpuvaFindFirst(vm, addr, range);
    va !== 0 && gpuvaExact(vm, va).addr < end;
    va = gpuvmNextVa(vm, va)
  ) {
    const op = newOp(vm, ops);
    if (op === null) return giveUp(vm, ops);
    op.op = DRM_GPUVA_OP_PREFETCH;
    op.prefetch.va = va;
    ops.length++;
  }
  return ops;
}

/**
 * One unmap for each VA of a vm_bo, in the order of linking (`drm_gpuvm_bo_unmap_ops_create`). Needs the GEM list
 * lock.
 *
 * @returns the list, or -ENOMEM
 */
export function gpuvmBoUnmapOpsCreate(vmBo: DrmGpuvmBo): GpuvaOps<GpuvaOpUnmap> | Errno {
  const { vm } = vmBo;
  assertGemListLocked(vm, vmBo.obj, "drm_gpuvm_bo_unmap_ops_create");
  const ops = vm.pool.list() as GpuvaOps<GpuvaOpUnmap>;
  for (let va = vmBo.vaHead; va !== 0; va = vm.vas.next(va)) {
    const op = newOp(vm, ops);
    if (op === null) return giveUp(vm, ops);
    op.op = DRM_GPUVA_OP_UNMAP;
    op.unmap.va = va;
    op.unmap.keep = false;
    ops.length++;
  }
  return ops;
}

/** Frees a list and its operations; VAs, tree and vm_bos stay as they are (`drm_gpuva_ops_free`). */
export function gpuvaOpsFree(vm: DrmGpuvm, ops: GpuvaOps): void {
  if (vm.ops.opAlloc !== undefined && !ops.freed) freeOwn(vm, ops);
  vm.pool.give(ops, vm.dev.quarantine);
}

/** Gives a driver's own operations back to it. */
function freeOwn(vm: DrmGpuvm, ops: GpuvaOps): void {
  for (const op of ops.slots.slice(0, ops.length)) vm.ops.opFree?.(op);
  ops.slots = [];
}

/** The next operation of a list, which counts once `length` says so; null if memory is short. */
function newOp(vm: DrmGpuvm, ops: GpuvaOps): GpuvaOpSlot | null {
  if (vm.dev.failAlloc !== null && !vm.dev.mayAlloc("op")) return null;
  if (vm.ops.opAlloc === undefined) return ops.spare();
  const op = vm.ops.opAlloc();
  if (op !== null) ops.slots[ops.length] = op;
  return op;
}

/** The operation of the last {@link newOp} is not needed. */
function dropOp(vm: DrmGpuvm, ops: GpuvaOps): void {
  if (vm.ops.opAlloc !== undefined) vm.ops.opFree?.(ops.slots.pop() as GpuvaOpSlot);
}

function giveUp(vm: DrmGpuvm, ops: GpuvaOps): Errno {
  gpuvaOpsFree(vm, ops);
  return -ENOMEM;
}

/**
 * The hole that a remap leaves between its pieces (`drm_gpuva_op_remap_to_unmap_range`). Reads the old VA: call it
 * before that is freed.
 */
export function gpuvaOpRemapToUnmapRange(vm: DrmGpuvm, remap: OpRemap): { start: number; range: number } {
  const { va } = remap.unmap;
  const start = remap.prev === null ? vm.vas.addr(va) : remap.prev.addr + remap.prev.range;
  const end = remap.next === null ? vm.vas.end(va) : remap.next.addr;
  return { start, range: end - start };
}

/** The operation is an unmap, or the unmap within a remap; 0 for the others: the VA it takes out of the tree. */
export function gpuvaOpOldVa(op: GpuvaOp): Gpuva {
  if (op.op === DRM_GPUVA_OP_UNMAP) return op.unmap.va;
  return op.op === DRM_GPUVA_OP_REMAP ? op.remap.unmap.va : 0;
}
