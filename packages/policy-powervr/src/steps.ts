import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_UNMAP,
  type DrmGemObject,
  type DrmGpuvmBo,
  ENOMEM,
  type Errno,
  type Gpuva,
  type GpuvaOp,
  gpuvaBo,
  gpuvaFree,
  gpuvaLink,
  gpuvaMap,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemap,
  gpuvaRemove,
  gpuvaUnlink,
} from "@gpuvm/core";
import type { FlushDue } from "@gpuvm/drm-model";
import type { BindOp } from "./bind.ts";
import type { PvrBo } from "./bo.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** `pvr_vm_gpuva_map`: entries first, then the VA. */
export function stepMap(op: GpuvaOp, bind: BindOp): Errno {
  const { ctx } = bind;
  const { vm, pvr } = ctx;
  const { map } = op;
  const mapped = pvr.dev.mayAlloc("pvr_mmu_map");
  if (!mapped && !pvr.defects.has("P7")) return -ENOMEM;
  count(ctx, op, bind.counted);
  if (mapped) ctx.pt.map(map.addr, map.range, map.obj as PvrBo, map.offset);
  changed(bind);
  gpuvaMap(vm, bind.newVa, map);
  gpuvaLink(vm, bind.newVa, bind.vmBo as DrmGpuvmBo);
  bind.newVa = 0;
  return 0;
}

/** `pvr_vm_gpuva_unmap`. */
export function stepUnmap(op: GpuvaOp, bind: BindOp): Errno {
  const { ctx } = bind;
  const { vm } = ctx;
  const { va } = op.unmap;
  count(ctx, op, bind.counted);
  ctx.pt.unmap(vm.vas.addr(va), vm.vas.range(va), flushed(bind));
  changed(bind);
  gpuvaRemove(vm, va);
  unlinkAndFree(ctx, va);
  return 0;
}

/**
 * `pvr_vm_gpuva_remap`: only the hole is unmapped; the pieces' entries stay as they are, of 4 KiB at a fixed depth.
 * The pieces belong to the object of the mapping that is cut.
 */
export function stepRemap(op: GpuvaOp, bind: BindOp): Errno {
  const { ctx } = bind;
  const { vm, pvr } = ctx;
  const { remap } = op;
  const { va } = remap.unmap;
  count(ctx, op, bind.counted);
  const hole = gpuvaOpRemapToUnmapRange(vm, remap);
  ctx.pt.unmap(hole.start, hole.range, flushed(bind));
  changed(bind);
  const old = gpuvaBo(vm, va);
  const owner = pvr.defects.has("P5") ? wrongOwner(bind, old) : old;
  const release = listLock(ctx, gpuvaObj(vm, va));
  gpuvaRemap(vm, bind.prevVa, bind.nextVa, remap);
  if (remap.prev !== null) {
    link(ctx, bind.prevVa, owner as DrmGpuvmBo);
    bind.prevVa = 0;
  }
  if (remap.next !== null) {
    link(ctx, bind.nextVa, owner as DrmGpuvmBo);
    bind.nextVa = 0;
  }
  release?.();
  unlinkAndFree(ctx, va);
  return 0;
}

/** When the flush is due (`pvr_mmu_op_context_destroy`). Without firmware there is nothing to flush. */
function flushed(bind: BindOp): FlushDue {
  return bind.vmBo === null && bind.ctx.pvr.mmu.booted ? "within-call" : "later";
}

function changed(bind: BindOp): void {
  bind.changed = true;
  bind.ctx.pvr.mmu.changed();
}

function link(ctx: PvrVmContext, va: Gpuva, vmBo: DrmGpuvmBo): void {
  if (ctx.pvr.defects.has("P5")) gpuvaObj(ctx.vm, va)?.get("va#0 of a remap, for ever");
  gpuvaLink(ctx.vm, va, vmBo);
}

/** The pieces went to the vm_bo of the new object, or, for an unmap, to none at all: a null pointer. */
function wrongOwner(bind: BindOp, old: DrmGpuvmBo | null): DrmGpuvmBo | null {
  if (bind.vmBo !== null) return bind.vmBo;
  bind.ctx.pvr.dev.warn("pvr_vm_gpuva_remap links a piece to no vm_bo: a null pointer dereference");
  return old;
}

function unlinkAndFree(ctx: PvrVmContext, va: Gpuva): void {
  const { vm, pvr } = ctx;
  const release = listLock(ctx, gpuvaObj(vm, va));
  gpuvaUnlink(vm, va);
  release?.();
  if (!pvr.defects.has("P4")) gpuvaFree(vm, va);
}

/**
 * Before a5c4c3ba95a5 the lists of an object were edited without its lock. Where another task holds it, they are broken;
 * where nobody does, lock checks still find it.
 */
function listLock(ctx: PvrVmContext, obj: DrmGemObject | null): (() => void) | null {
  const { defects, dev, machine } = ctx.pvr;
  if (!defects.has("P3") || obj === null || obj.resv.owner === dev.current) return null;
  const held = obj.resv.owner;
  const what = `the list of ${obj.name} is edited without its lock`;
  if (held !== null) {
    machine.hazard("dangling-list", obj.name, `${what}, which ${held.name} holds`);
    return null;
  }
  if (dev.lockdep === null) return null;
  machine.hazard("lock-rule", obj.name, what);
  if (!obj.resv.tryAcquire(dev.current)) return null;
  // The object may go with the link.
  obj.get("ioctl");
  return () => {
    obj.resv.release(dev.current);
    obj.put("ioctl");
  };
}

function count(ctx: PvrVmContext, op: GpuvaOp, counted: boolean): void {
  const { record } = ctx;
  if (counted) record.step(op);
  else if (op.op === DRM_GPUVA_OP_MAP) record.mapped(op.map.range);
  else if (op.op === DRM_GPUVA_OP_UNMAP) record.torn(ctx.vm.vas.range(op.unmap.va));
}
