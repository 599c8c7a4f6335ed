import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  type DrmGpuvmBo,
  EINVAL,
  type Errno,
  type Gpuva,
  type GpuvaOpMap,
  type GpuvaOpRemap,
  GpuvaOpSlot,
  type GpuvaOpUnmap,
  gpuvaBo,
  gpuvaMap,
  gpuvaRemap,
  gpuvaUnmap,
  gpuvmSmMapBegin,
  gpuvmSmUnmapBegin,
  type Steps,
} from "@gpuvm/core";
import { lock, lockBriefly, MIB2, type TlbCause, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_EVICTED, VA_INTERNAL, VA_SPARSE } from "../flags.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { forgetVma } from "../history/defects.ts";
import type { OpCtx } from "./op-ctx.ts";
import { declareUnusable, mapPages, mapSparse, unmapPages } from "./pages.ts";
import { lockRegion, unlockRegion } from "./region.ts";
import { remapPages } from "./remap-pages.ts";
import type { PanthorVm } from "./vm.ts";
import { dropOpVmBo, linkVma, unlinkVma } from "./vm-bo.ts";

/**
 * Carries an operation out (`panthor_vm_exec_op`): tree, links and page tables change together, step by step, under the
 * VM's lock; accesses to the range stall meanwhile. Runs in the fence-signalling path of a bind job, or in a call.
 */
export function* execOp(
  panthor: Panthor,
  vm: PanthorVm,
  ctx: OpCtx,
  unusableOnFailure: boolean,
): Steps<Errno> {
  if (ctx.type === "sync") return 0;
  const { dev } = panthor.machine;
  // The driver does operations of its own one after the other: nothing is to be seen between two of them.
  yield* (ctx.reason === "internal" ? lockBriefly : lock)(dev, vm.opLock, "panthor_vm_exec_op");
  vm.opCtx = ctx;
  const { regionLock } = panthor.gen;
  if (regionLock) lockRegion(panthor, vm, ctx.va, ctx.range);
  const ret = ctx.type === "map" && vm.unusable ? -EINVAL : yield* walk(panthor, vm, ctx);
  if (regionLock) unlockRegion(panthor, vm, causeOf(ctx));
  if (ret !== 0 && unusableOnFailure) declareUnusable(panthor, vm);
  vm.opCtx = null;
  // In quarantine nothing is left that somebody could read.
  if (dev.quarantine) vm.op = new GpuvaOpSlot();
  unlock(dev, vm.opLock);
  return ret;
}

function causeOf({ type, reason, cleared }: OpCtx): TlbCause {
  if (reason === "teardown") return "close";
  return type === "map" && !cleared ? "map" : "unmap";
}

function* walk(panthor: Panthor, vm: PanthorVm, ctx: OpCtx): Steps<Errno> {
  const { gpuvm, op, record } = vm;
  const steps =
    ctx.type === "map"
      ? gpuvmSmMapBegin(gpuvm, { addr: ctx.va, range: ctx.range, obj: ctx.bo, offset: ctx.boOffset })
      : gpuvmSmUnmapBegin(gpuvm, ctx.va, ctx.range);
  if (typeof steps === "number") return steps;
  while (steps.next(op)) {
    if (ctx.reason === "program") record.step(op);
    let ret: Errno;
    if (op.op === DRM_GPUVA_OP_MAP) ret = yield* stepMap(panthor, vm, ctx, op);
    else if (op.op === DRM_GPUVA_OP_REMAP) ret = yield* stepRemap(panthor, vm, ctx, op);
    else ret = yield* stepUnmap(panthor, vm, ctx, op);
    if (ret !== 0) return ret;
  }
  if (ctx.reason === "program") record.applied();
  return 0;
}

/** `panthor_gpuva_sm_step_map`. */
function* stepMap(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, op: GpuvaOpMap): Steps<Errno> {
  const { addr, range, offset } = op.map;
  const bo = ctx.bo as PanthorBo;
  const ret =
    (ctx.flags & VA_SPARSE) === 0
      ? mapPages(panthor, vm, addr, bo, offset, range)
      : mapSparse(panthor, vm, addr, bo, range);
  if (ret !== 0) {
    forgetVma(panthor, () => ctx.takeVa(panthor.machine.counts));
    return ret;
  }
  const va = ctx.takeVa(panthor.machine.counts);
  gpuvaMap(vm.gpuvm, va, op.map);
  vm.gpuvm.vas.setFlags(va, ctx.flags);
  if ((ctx.flags & VA_INTERNAL) !== 0) vm.record.internal++;
  yield* linkVma(panthor, vm, va, ctx.vmBo as DrmGpuvmBo);
  yield* dropOpVmBo(panthor, ctx);
  return 0;
}

/** `panthor_gpuva_sm_step_unmap`. */
function* stepUnmap(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, op: GpuvaOpUnmap): Steps<Errno> {
  const { vas } = vm.gpuvm;
  const { va } = op.unmap;
  const flags = vas.flags(va);
  if ((flags & VA_EVICTED) === 0) unmapPages(panthor, vm, vas.addr(va), vas.range(va));
  if ((flags & VA_INTERNAL) !== 0) vm.record.internal--;
  else if (ctx.reason === "teardown") vm.record.torn(vas.range(va));
  gpuvaUnmap(vm.gpuvm, op.unmap);
  yield* unlinkVma(panthor, vm, va, ctx);
  return 0;
}

/** `panthor_gpuva_sm_step_remap`. What was evicted is cut without touching the page tables, and stays evicted. */
function* stepRemap(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, op: GpuvaOpRemap): Steps<Errno> {
  const { gpuvm } = vm;
  const { remap } = op;
  const old = remap.unmap.va;
  const flags = gpuvm.vas.flags(old);
  const sparse = (flags & VA_SPARSE) !== 0;
  if (sparse && remap.next !== null) remap.next.offset = remap.next.addr % MIB2;
  if ((flags & VA_EVICTED) === 0) {
    const ret = remapPages(panthor, vm, remap, sparse);
    if (ret !== 0) return ret;
  }
  const prev = remap.prev === null ? 0 : ctx.takeVa(panthor.machine.counts);
  const next = remap.next === null ? 0 : ctx.takeVa(panthor.machine.counts);
  // The links outlive the walk's step: read before the tree changes.
  const vmBo = gpuvaBo(gpuvm, old) as DrmGpuvmBo;
  gpuvaRemap(gpuvm, prev, next, remap);
  if (prev !== 0) yield* linkPiece(panthor, vm, prev, vmBo, flags);
  if (next !== 0) yield* linkPiece(panthor, vm, next, vmBo, flags);
  yield* unlinkVma(panthor, vm, old, ctx);
  return 0;
}

function* linkPiece(
  panthor: Panthor,
  vm: PanthorVm,
  va: Gpuva,
  vmBo: DrmGpuvmBo,
  flags: number,
): Steps<void> {
  vm.gpuvm.vas.setFlags(va, flags);
  yield* linkVma(panthor, vm, va, vmBo);
}
