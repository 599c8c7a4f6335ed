import {
  type DrmExec,
  ENOENT,
  type Errno,
  GpuvmExec,
  gpuvaFind,
  gpuvaObj,
  gpuvmFirstVa,
  gpuvmSmUnmap,
  type Steps,
} from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { PvrBo } from "../gem/bo.ts";
import { allocateForSteps, type BindFor, finishBindOp, newBindOp } from "./bind-op.ts";
import { EXEC_FLAGS } from "./map.ts";
import type { PvrVmContext } from "./vm-context.ts";

/**
 * Answers VM_UNMAP: takes the one mapping of exactly this range away (`pvr_vm_unmap`).
 *
 * @returns 0; -ENOENT if there is none, whatever is wrong with the range; -ENOMEM
 */
export function* unmapExact(ctx: PvrVmContext, addr: number, size: number): Steps<Errno> {
  const { dev } = ctx.pvr;
  if (dev.stopsAt(ctx.lock, "pvr_vm_unmap")) yield dev.point;
  ctx.lock.acquire(dev.current);
  const ret = yield* unmapExactLocked(ctx, addr, size, "program");
  unlock(dev, ctx.lock);
  return ret;
}

/** Takes one mapping away. The caller holds the VM context's lock. @returns 0; -ENOENT; -ENOMEM */
export function* unmapExactLocked(ctx: PvrVmContext, addr: number, size: number, by: BindFor): Steps<Errno> {
  const { vm } = ctx;
  const va = gpuvaFind(vm, addr, size);
  if (va === 0) return -ENOENT;
  return yield* unmapRange(ctx, gpuvaObj(vm, va) as PvrBo, addr, size, by);
}

/** `pvr_vm_unmap_obj_locked`; `bo` null: whatever is there, of which no lock is taken. */
export function* unmapRange(
  ctx: PvrVmContext,
  bo: PvrBo | null,
  addr: number,
  size: number,
  by: BindFor,
): Steps<Errno> {
  const op = newBindOp(ctx, by, bo, addr, size);
  let ret = yield* allocateForSteps(op, addr, 0);
  if (ret !== 0) {
    yield* finishBindOp(op, null);
    return ret;
  }
  // The object would otherwise go with the VA's link, under its own lock.
  bo?.get("ioctl");
  const exec = new GpuvmExec(ctx.vm, EXEC_FLAGS, 0);
  if (bo !== null) exec.extra = lockObject;
  exec.priv = bo;
  ret = yield* exec.lock();
  if (ret === 0) {
    ret = gpuvmSmUnmap(ctx.vm, op, addr, size);
    exec.unlock();
  }
  bo?.put("ioctl");
  yield* finishBindOp(op, null);
  return ret;
}

function lockObject(exec: DrmExec, { priv }: GpuvmExec): Steps<Errno> {
  return exec.lockObj(priv as PvrBo);
}

/** Takes every mapping of a VM away, one by one, ascending (`pvr_vm_unmap_all`). */
export function* unmapAll(ctx: PvrVmContext): Steps<void> {
  const { vm, pvr } = ctx;
  const { dev } = pvr;
  yield* lock(dev, ctx.lock, "pvr_vm_unmap_all");
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmFirstVa(vm)) {
    const ret = yield* unmapExactLocked(ctx, vm.vas.addr(va), vm.vas.range(va), "teardown");
    // It warns, and tries again until it works.
    if (ret !== 0) dev.warn(`pvr_vm_unmap_all of ${vm.name} failed with ${ret}`);
  }
  unlock(dev, ctx.lock);
}
