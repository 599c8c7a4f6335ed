import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  type DrmExec,
  type DrmGpuvmBo,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  type Gpuva,
  GpuvmExec,
  type GpuvmOps,
  gpuvaAlloc,
  gpuvaFind,
  gpuvaFindFirst,
  gpuvaFree,
  gpuvaObj,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmNextVa,
  gpuvmRangeValid,
  gpuvmSmMap,
  gpuvmSmUnmap,
  type Steps,
} from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { PvrBo } from "./bo.ts";
import { ADDRESS_SPACE, heapContaining } from "./heaps.ts";
import { stepMap, stepRemap, stepUnmap } from "./steps.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** One bind in progress (`struct pvr_vm_bind_op`): what it allocated beforehand and has not used yet. */
export interface BindOp {
  readonly ctx: PvrVmContext;
  /** Null for an unmap. */
  vmBo: DrmGpuvmBo | null;
  newVa: Gpuva;
  prevVa: Gpuva;
  nextVa: Gpuva;
  /** The request of a program, and not a teardown or the firmware's. */
  readonly counted: boolean;
  /** It changed page tables: `sync_level_required`. */
  changed: boolean;
}

const FLAGS: number = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES;

/** The callbacks of every VM (`pvr_vm_gpuva_ops`). */
export const STEPS: GpuvmOps = {
  smStepMap: (op, priv) => stepMap(op, priv as BindOp),
  smStepRemap: (op, priv) => stepRemap(op, priv as BindOp),
  smStepUnmap: (op, priv) => stepUnmap(op, priv as BindOp),
};

/**
 * Maps a part of an object, whatever was there before (`pvr_vm_map`). The caller holds the object. An error after the
 * first step leaves what was unmapped to make room unmapped.
 *
 * @returns 0; -EINVAL for what the uAPI does not allow; -ENOMEM
 */
export function* pvrVmMap(
  ctx: PvrVmContext,
  bo: PvrBo,
  offset: number,
  addr: number,
  size: number,
  counted: boolean,
): Steps<Errno> {
  const { vm, pvr } = ctx;
  const { dev } = pvr;
  if (ctx.user && heapContaining(addr, size) === null) return -EINVAL;
  if (!addrAndSizeValid(ctx, addr, size)) return -EINVAL;
  if (offset % 4096 !== 0 || offset >= bo.size || offset + size > bo.size) return -EINVAL;

  if (dev.stopsAt(bo.resv, "pvr_vm_bind_op_map_init")) yield dev.point;
  bo.resv.acquire(dev.current);
  const vmBo = gpuvmBoObtain(vm, bo, "ioctl");
  unlock(dev, bo.resv);
  if (vmBo === null) return -ENOMEM;
  if (vmBo.refs === 1) pvr.machine.counts.vmBosCreated++;
  const op: BindOp = { ctx, vmBo, newVa: 0, prevVa: 0, nextVa: 0, counted, changed: false };
  let ret = yield* prealloc(op, true);
  if (ret === 0) ret = yield* getPages(ctx, bo);
  if (ret === 0) {
    bo.get("ioctl");
    if (dev.stopsAt(ctx.lock, "pvr_vm_map")) yield dev.point;
    ctx.lock.acquire(dev.current);
    const exec = new GpuvmExec(vm, FLAGS, 0);
    exec.extra = (e) => lockObjects(ctx, e, bo, addr, size);
    ret = yield* exec.lock();
    if (ret === 0) {
      ret = gpuvmSmMap(vm, op, { addr, range: size, obj: bo, offset });
      exec.unlock();
    }
    unlock(dev, ctx.lock);
    yield* finish(op, bo);
    bo.put("ioctl");
  } else yield* finish(op, bo);
  return ret;
}

/**
 * Takes one mapping away (`pvr_vm_unmap`). The caller holds the VM context's lock.
 *
 * @returns 0; -EINVAL; -ENOENT if there is no mapping of exactly this range; -ENOMEM
 */
export function* pvrVmUnmapExact(
  ctx: PvrVmContext,
  addr: number,
  size: number,
  counted: boolean,
): Steps<Errno> {
  const { vm } = ctx;
  const va = gpuvaFind(vm, addr, size);
  if (va === 0) return -ENOENT;
  return yield* unmapRange(ctx, gpuvaObj(vm, va) as PvrBo, addr, size, counted);
}

/** Answers VM_UNMAP (`pvr_vm_unmap`; before a5c4c3ba95a5 it took any range). */
export function* pvrVmUnmap(ctx: PvrVmContext, addr: number, size: number): Steps<Errno> {
  const { dev, defects } = ctx.pvr;
  if (!addrAndSizeValid(ctx, addr, size)) return -EINVAL;
  if (defects.has("P3")) return yield* unmapRange(ctx, null, addr, size, true);
  if (dev.stopsAt(ctx.lock, "pvr_vm_unmap")) yield dev.point;
  ctx.lock.acquire(dev.current);
  const ret = yield* pvrVmUnmapExact(ctx, addr, size, true);
  unlock(dev, ctx.lock);
  return ret;
}

/** `pvr_vm_unmap_obj_locked`; `bo` null: whatever is there, of which no lock is taken. */
function* unmapRange(
  ctx: PvrVmContext,
  bo: PvrBo | null,
  addr: number,
  size: number,
  counted: boolean,
): Steps<Errno> {
  const { vm, pvr } = ctx;
  const op: BindOp = { ctx, vmBo: null, newVa: 0, prevVa: 0, nextVa: 0, counted, changed: false };
  let ret = yield* prealloc(op, false);
  if (ret === 0) {
    // The object would otherwise go with the VA's link, under its own lock.
    bo?.get("ioctl");
    const exec = new GpuvmExec(vm, FLAGS, 0);
    if (bo !== null) exec.extra = (e) => e.lockObj(bo);
    ret = yield* exec.lock();
    if (ret === 0) {
      ret = gpuvmSmUnmap(vm, op, addr, size);
      exec.unlock();
    }
    bo?.put("ioctl");
  }
  yield* finish(op, null);
  // Unmaps are flushed at once, and waited for; maps can wait for the next job (pvr_mmu_op_context_destroy).
  if (op.changed) pvr.mmu.flush("unmap");
  return ret;
}

/** `pvr_device_addr_and_size_are_valid`. */
function addrAndSizeValid(ctx: PvrVmContext, addr: number, size: number): boolean {
  if (addr % 4096 !== 0 || addr >= ADDRESS_SPACE || size === 0 || size % 4096 !== 0) return false;
  return gpuvmRangeValid(ctx.vm, addr, size) && addr + size <= ADDRESS_SPACE;
}

/** Allocates the VAs that the steps may need, used or not, and the page tables. */
function* prealloc(op: BindOp, map: boolean): Steps<Errno> {
  const { ctx } = op;
  const { dev, machine } = ctx.pvr;
  // A teardown has nobody to tell: its small allocations are taken not to fail.
  const may = (what: string) => (!map && !op.counted) || dev.mayAlloc(what);
  if (dev.stopsFor("alloc", "pvr_vm_bind_op_init")) yield dev.point;
  if (map) {
    if (!may("pvr_vm_gpuva")) return -ENOMEM;
    op.newVa = gpuvaAlloc(ctx.vm);
  }
  if (!may("pvr_vm_gpuva")) return -ENOMEM;
  op.prevVa = gpuvaAlloc(ctx.vm);
  if (!may("pvr_vm_gpuva")) return -ENOMEM;
  op.nextVa = gpuvaAlloc(ctx.vm);
  machine.counts.vasCreated += map ? 3 : 2;
  return may("pvr_mmu_op_context") ? 0 : -ENOMEM;
}

/** Pins the pages, once for the life of the object (`pvr_gem_object_get_pages_sgt`). */
function* getPages(ctx: PvrVmContext, bo: PvrBo): Steps<Errno> {
  const { dev } = ctx.pvr;
  if (bo.pages !== "none") return 0;
  if (dev.stopsFor("alloc", "pvr_gem_object_get_pages_sgt")) yield dev.point;
  if (!dev.mayAlloc("pvr pages")) return -ENOMEM;
  if (bo.pages === "none") {
    bo.pages = "resident";
    bo.pins++;
  }
  return 0;
}

/** Locks the object to be mapped, and the objects of the mappings that have to make room. */
function* lockObjects(ctx: PvrVmContext, exec: DrmExec, bo: PvrBo, addr: number, size: number): Steps<Errno> {
  const { vm } = ctx;
  let ret = yield* exec.lockObj(bo);
  if (ret !== 0 || ctx.pvr.defects.has("P3")) return ret;
  for (
    let va = gpuvaFindFirst(vm, addr, size);
    va !== 0 && vm.vas.addr(va) < addr + size;
    va = gpuvmNextVa(vm, va)
  ) {
    ret = yield* exec.lockObj(gpuvaObj(vm, va) as PvrBo);
    if (ret !== 0) return ret;
  }
  return 0;
}

/** Gives back what was not used (`pvr_vm_bind_op_fini`). */
function* finish(op: BindOp, bo: PvrBo | null): Steps<void> {
  const { vm, pvr } = op.ctx;
  const { dev } = pvr;
  if (op.vmBo !== null && bo !== null) {
    if (dev.stopsAt(bo.resv, "pvr_vm_bind_op_fini")) yield dev.point;
    bo.resv.acquire(dev.current);
    gpuvmBoPut(op.vmBo, "ioctl");
    unlock(dev, bo.resv);
  }
  for (const va of [op.newVa, op.prevVa, op.nextVa]) if (va !== 0) gpuvaFree(vm, va);
}
