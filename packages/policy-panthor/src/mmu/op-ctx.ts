import {
  type DrmGpuvmBo,
  EINVAL,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFree,
  gpuvmBoDeferredCleanup,
  type Steps,
} from "@gpuvm/core";
import { GIB1, GIB512, lockBriefly, MIB2, preempt, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { getDevSgt, type PanthorBo, pinBo, unpinBo } from "../gem/bo.ts";
import { updateReclaimState } from "../gem/reclaim.ts";
import { vmasForUnmap } from "../history/defects.ts";
import type { PanthorVm } from "./vm.ts";
import { addExtobj, obtainVmBo, releaseVmBos } from "./vm-bo.ts";

/** Why an operation is done: for a program, for the driver itself, or to take a VM down. */
export type OpReason = "program" | "internal" | "teardown";

/**
 * Everything an operation may need, allocated before it starts (`struct panthor_vm_op_ctx`): it runs in the
 * fence-signalling path, where nothing can be allocated or freed. From its preparation to its cleanup it holds the
 * object with a pin (from 7.x on) and the vm_bo.
 */
export class OpCtx {
  /** What it does. */
  readonly type: "map" | "unmap" | "sync";
  /** For whom. */
  readonly reason: OpReason;
  /** First address. */
  readonly va: number;
  /** Bytes. */
  readonly range: number;
  /** VA flags of a new mapping. */
  readonly flags: number;
  /** The object. From 7.x on with a reference and a pin of this context. */
  bo: PanthorBo | null = null;
  /** Offset into the object. */
  boOffset = 0;
  /** The link of VM and object; counted. */
  vmBo: DrmGpuvmBo | null = null;
  /** Pages for tables (`rsvd_page_tables`): got, and used. */
  readonly tables: { count: number; used: number } = { count: 0, used: 0 };
  // VAs not used yet. Their numbers make no state of their own.
  readonly #vas: Gpuva[] = [];
  /** Dead VMAs that still hold their vm_bo (6.12). */
  readonly returned: { va: Gpuva; vmBo: DrmGpuvmBo }[] = [];
  readonly #serial: number;

  /** Nothing is allocated yet. */
  constructor(panthor: Panthor, type: OpCtx["type"], reason: OpReason, va = 0, range = 0, flags = 0) {
    this.type = type;
    this.reason = reason;
    this.va = va;
    this.range = range;
    this.flags = flags;
    this.#serial = panthor.machine.dev.ledger === null ? 0 : panthor.machine.dev.serial();
  }

  /** `bind_job#5`. */
  get name(): string {
    return `bind_job#${this.#serial}`;
  }

  /** A page for a table (`alloc_pt`); false: more are needed than were reserved. */
  takeTable(): boolean {
    if (this.tables.used === this.tables.count) return false;
    this.tables.used++;
    return true;
  }

  /** A preallocated VA (`panthor_vm_op_ctx_get_vma`). */
  takeVa(panthor: Panthor): Gpuva {
    panthor.machine.counts.vasCreated++;
    const va = this.#vas.pop();
    if (va === undefined) throw new TypeError("panthor_vm_op_ctx_get_vma has no VMA left: a null pointer");
    return va;
  }

  /** Keeps a VA for later. */
  keepVa(va: Gpuva): void {
    this.#vas.push(va);
  }

  /** A VA that was not used; undefined: there is none left. */
  leftVa(): Gpuva | undefined {
    return this.#vas.pop();
  }
}

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
  const tables = (va % MIB2 === 0 ? 0 : 1) + (end % MIB2 !== 0 && up(end) !== up(va) ? 1 : 0);
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
