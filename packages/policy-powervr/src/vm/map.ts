import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  type DrmExec,
  EINVAL,
  ENOMEM,
  type Errno,
  GpuvmExec,
  type GpuvmOps,
  gpuvaFindFirst,
  gpuvaObj,
  gpuvmBoObtain,
  gpuvmNextVa,
  gpuvmRangeValid,
  gpuvmSmMap,
  type Steps,
} from "@gpuvm/core";
import { isAligned, unlock } from "@gpuvm/drm-model";
import type { PvrBo } from "../gem/bo.ts";
import { rulesOf } from "../history/rules.ts";
import { allocateForSteps, type BindFor, type BindOp, finishBindOp, newBindOp } from "./bind-op.ts";
import { ADDRESS_SPACE, heapContaining } from "./heaps.ts";
import { stepMap, stepRemap, stepUnmap } from "./steps.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** How binds take their locks. */
export const EXEC_FLAGS: number = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES;

/** The callbacks of every VM (`pvr_vm_gpuva_ops`). */
export const STEPS: GpuvmOps = {
  smStepMap: (op, priv) => stepMap(op, priv as BindOp),
  smStepRemap: (op, priv) => stepRemap(op, priv as BindOp),
  smStepUnmap: (op, priv) => stepUnmap(op, priv as BindOp),
};

/**
 * Maps a part of an object, whatever was there before (`pvr_vm_map`). The caller holds the object.
 *
 * @returns 0; -EINVAL for what the uAPI does not allow; -ENOMEM
 */
export function* pvrVmMap(
  ctx: PvrVmContext,
  bo: PvrBo,
  offset: number,
  addr: number,
  size: number,
  by: BindFor,
): Steps<Errno> {
  const { vm, pvr } = ctx;
  const { dev } = pvr;
  if (ctx.user && heapContaining(addr, size) === null) return -EINVAL;
  if (!addrAndSizeValid(ctx, addr, size)) return -EINVAL;
  if (!isAligned(offset, 4096) || offset >= bo.size || offset + size > bo.size) return -EINVAL;

  if (dev.stopsAt(bo.resv, "pvr_vm_bind_op_map_init")) yield dev.point;
  bo.resv.acquire(dev.current);
  const vmBo = gpuvmBoObtain(vm, bo, "ioctl");
  unlock(dev, bo.resv);
  if (vmBo === null) return -ENOMEM;
  if (vmBo.refs === 1) pvr.machine.counts.vmBosCreated++;
  const op = newBindOp(ctx, by, bo, addr, size);
  op.vmBo = vmBo;
  let ret = yield* allocateForSteps(op, addr, size);
  if (ret !== 0) {
    yield* finishBindOp(op, bo);
    return ret;
  }
  bo.get("ioctl");
  const { locksToMap } = rulesOf(pvr);
  if (locksToMap) {
    if (dev.stopsAt(ctx.lock, "pvr_vm_map")) yield dev.point;
    ctx.lock.acquire(dev.current);
  }
  const exec = new GpuvmExec(vm, EXEC_FLAGS, 0);
  exec.extra = lockObjects;
  exec.priv = op;
  ret = yield* exec.lock();
  if (ret === 0) {
    ret = gpuvmSmMap(vm, op, { addr, range: size, obj: bo, offset });
    exec.unlock();
  }
  if (locksToMap) unlock(dev, ctx.lock);
  yield* finishBindOp(op, bo);
  bo.put("ioctl");
  return ret;
}

/** `pvr_device_addr_and_size_are_valid`. */
export function addrAndSizeValid(ctx: PvrVmContext, addr: number, size: number): boolean {
  if (!isAligned(addr, 4096) || addr >= ADDRESS_SPACE || size === 0 || !isAligned(size, 4096)) return false;
  return gpuvmRangeValid(ctx.vm, addr, size) && addr + size <= ADDRESS_SPACE;
}

/** Locks the object to be mapped, and the objects of the mappings that have to make room. */
function* lockObjects(exec: DrmExec, { priv }: GpuvmExec): Steps<Errno> {
  const { ctx, bo, addr, size } = priv as BindOp;
  const ret = yield* exec.lockObj(bo as PvrBo);
  return ret === 0 ? yield* rulesOf(ctx.pvr).lockCovered(ctx, exec, addr, size) : ret;
}

/** Locks the objects of the mappings in a range. */
export function* lockCovered(ctx: PvrVmContext, exec: DrmExec, addr: number, size: number): Steps<Errno> {
  const { vm } = ctx;
  for (
    let va = gpuvaFindFirst(vm, addr, size);
    va !== 0 && vm.vas.addr(va) < addr + size;
    va = gpuvmNextVa(vm, va)
  ) {
    const ret = yield* exec.lockObj(gpuvaObj(vm, va) as PvrBo);
    if (ret !== 0) return ret;
  }
  return 0;
}
