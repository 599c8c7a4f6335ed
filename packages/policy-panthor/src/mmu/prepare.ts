import {
  EINVAL,
  ENOMEM,
  type Errno,
  gpuvaAlloc,
  gpuvaFree,
  gpuvmBoDeferredCleanup,
  type Steps,
} from "@gpuvm/core";
import { GIB1, GIB512, isAligned, lockBriefly, MIB2, preempt, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { getDevSgt, pinBo, unpinBo } from "../gem/backing.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { updateReclaimState } from "../gem/reclaim.ts";
import { vmasForUnmap } from "../history/defects.ts";
import type { OpCtx } from "./op-ctx.ts";
import type { PanthorVm } from "./vm.ts";
import { addExtobj, obtainVmBo, releaseVmBos } from "./vm-bo.ts";

/**
 * Tables that a map may need (`panthor_vm_op_ctx_prealloc_pts`): each that the range touches, below the root. One
 * allocation for all of them.
 */
export function reserveTables(panthor: Panthor, ctx: OpCtx): boolean {
  const { va, range } = ctx;
  const touched = (span: number) => Math.ceil((va + range) / span) - Math.floor(va / span);
  return allocTables(panthor, ctx, touched(GIB512) + touched(GIB1) + touched(MIB2));
}

function allocTables(panthor: Panthor, ctx: OpCtx, n: number): boolean {
  if (n > 0 && !mayNot(panthor, ctx) && !panthor.machine.dev.mayAlloc("panthor page tables")) return false;
  ctx.tables.count = n;
  return true;
}

/** What is taken down has nobody to tell: its small allocations are taken not to fail, but where that was the bug. */
function mayNot(panthor: Panthor, { reason, type }: OpCtx): boolean {
  if (reason === "teardown") return true;
  return reason === "internal" && type === "unmap" && !panthor.defects.has("PA1");
}

function allocVas(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, n: number): boolean {
  for (let i = 0; i < n; i++) {
    if (!mayNot(panthor, ctx) && !panthor.machine.dev.mayAlloc("panthor vma")) return false;
    ctx.keepVa(gpuvaAlloc(vm.gpuvm));
  }
  return true;
}

/**
 * Prepares a map (`panthor_vm_prepare_map_op_ctx`). After an error the context is cleaned up.
 *
 * @param bounded false for a sparse mapping, whose range is not that of its object
 */
export function* prepareMap(
  panthor: Panthor,
  vm: PanthorVm,
  ctx: OpCtx,
  bo: PanthorBo | null,
  offset: number,
  bounded = true,
): Steps<Errno> {
  if (bo === null) return -EINVAL;
  if (bounded && offset + ctx.range > bo.size) return -EINVAL;
  if (bo.rootGem !== null && bo.rootGem !== vm.gpuvm.rObj) return -EINVAL;
  const ret = yield* allocMap(panthor, vm, ctx, bo, offset);
  if (ret !== 0) yield* cleanupOp(panthor, vm, ctx);
  return ret;
}

function* allocMap(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, bo: PanthorBo, offset: number): Steps<Errno> {
  const { dev } = panthor.machine;
  yield* preempt(dev, "alloc", "panthor_vm_prepare_map_op_ctx");
  if (!allocVas(panthor, vm, ctx, 3)) return -ENOMEM;
  let ret = yield* pinBo(panthor, bo);
  if (ret !== 0) return ret;
  ctx.bo = bo;
  if (panthor.gen.pinnedBy === "op") bo.get(ctx);
  ret = yield* getDevSgt(bo);
  if (ret !== 0) {
    if (panthor.gen.pinnedBy === "vm_bo") yield* unpinBo(panthor, bo);
    return ret;
  }
  const vmBo = yield* obtainVmBo(panthor, vm, bo, ctx);
  if (vmBo === null) {
    if (panthor.gen.pinnedBy === "vm_bo") yield* unpinBo(panthor, bo);
    return -ENOMEM;
  }
  ctx.vmBo = vmBo;
  ctx.boOffset = offset;
  yield* preempt(dev, "alloc", "panthor_vm_prepare_map_op_ctx");
  if (!reserveTables(panthor, ctx)) return -ENOMEM;
  // Last of all: nothing can fail any more.
  if (vm.gpuvm.isExtobj(bo)) yield* addExtobj(vm, vmBo);
  if (panthor.gen.evictable) {
    yield* lockBriefly(dev, bo.resv, "panthor_vm_prepare_map_op_ctx");
    yield* updateReclaimState(panthor, bo);
    unlock(dev, bo.resv);
  }
  return 0;
}

/** Prepares an unmap (`panthor_vm_prepare_unmap_op_ctx`): two VAs for what a cut leaves, tables if it cuts a block. */
export function* prepareUnmap(panthor: Panthor, vm: PanthorVm, ctx: OpCtx): Steps<Errno> {
  if (!mayNot(panthor, ctx)) yield* preempt(panthor.machine.dev, "alloc", "panthor_vm_prepare_unmap_op_ctx");
  const { va, range } = ctx;
  const end = va + range;
  const up = (at: number) => Math.ceil(at / MIB2);
  const tables = (isAligned(va, MIB2) ? 0 : 1) + (!isAligned(end, MIB2) && up(end) !== up(va) ? 1 : 0);
  if (allocVas(panthor, vm, ctx, vmasForUnmap(panthor)) && allocTables(panthor, ctx, tables)) return 0;
  yield* cleanupOp(panthor, vm, ctx);
  return -ENOMEM;
}

/**
 * Gives back what an operation did not use, and what it left (`panthor_vm_cleanup_op_ctx`). The only place where the
 * VM's zombies are freed.
 */
export function* cleanupOp(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, drain = true): Steps<void> {
  const { bo } = ctx;
  ctx.bo = null;
  // A map that came to nothing before it had its object leaves nothing behind.
  const nothing = ctx.type === "map" && bo === null;
  yield* releaseVmBos(panthor, vm, ctx);
  if (bo !== null && panthor.gen.pinnedBy === "op") {
    yield* unpinBo(panthor, bo);
    bo.put(ctx);
  }
  for (let va = ctx.leftVa(); va !== undefined; va = ctx.leftVa()) gpuvaFree(vm.gpuvm, va);
  if (drain && !nothing && panthor.gen.immediate) yield* gpuvmBoDeferredCleanup(vm.gpuvm);
}
