import {
  type DrmGpuvmBo,
  EINVAL,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFree,
  type Steps,
} from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import { type PanthorBo, pinBo, unpinBo } from "./bo.ts";
import type { Panthor } from "./device.ts";
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
  /** The object; counted and pinned where an operation holds the pin. */
  bo: PanthorBo | null = null;
  /** The object holds a reference and a pin of this context. */
  holdsBo = false;
  /** Offset into the object. */
  boOffset = 0;
  /** The link of VM and object; counted. */
  vmBo: DrmGpuvmBo | null = null;
  /** VAs not used yet. */
  readonly vas: Gpuva[] = [];
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

  /** A preallocated VA (`panthor_vm_op_ctx_get_vma`). */
  takeVa(panthor: Panthor): Gpuva {
    panthor.machine.counts.vasCreated++;
    return this.vas.pop() as Gpuva;
  }
}

/** Tables that a mapping may need (`panthor_vm_prepare_map_op_ctx`): one allocation for all of them. */
function allocTables(panthor: Panthor, ctx: OpCtx): boolean {
  return mayNot(panthor, ctx) || panthor.machine.dev.mayAlloc("panthor page tables");
}

/** What is taken down has nobody to tell: its small allocations are taken not to fail, but where that was the bug. */
function mayNot(panthor: Panthor, { reason, type }: OpCtx): boolean {
  if (reason === "teardown") return true;
  return reason === "internal" && type === "unmap" && !panthor.defects.has("PA1");
}

function allocVas(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, n: number): boolean {
  for (let i = 0; i < n; i++) {
    if (!mayNot(panthor, ctx) && !panthor.machine.dev.mayAlloc("panthor vma")) return false;
    ctx.vas.push(gpuvaAlloc(vm.gpuvm));
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
  const ret = yield* pinBo(bo);
  if (ret !== 0) return ret;
  ctx.bo = bo;
  if (panthor.gen.pinnedBy === "op") {
    bo.get(ctx);
    ctx.holdsBo = true;
  }
  const vmBo = yield* obtainVmBo(panthor, vm, bo, ctx);
  if (vmBo === null) {
    if (panthor.gen.pinnedBy === "vm_bo") yield* unpinBo(bo);
    return -ENOMEM;
  }
  ctx.vmBo = vmBo;
  ctx.boOffset = offset;
  yield* preempt(dev, "alloc", "panthor_vm_prepare_map_op_ctx");
  if (!allocTables(panthor, ctx)) return -ENOMEM;
  yield* addExtobj(vm, vmBo);
  return 0;
}

/** Prepares an unmap (`panthor_vm_prepare_unmap_op_ctx`): two VAs for what a cut leaves, tables if it cuts a block. */
export function* prepareUnmap(panthor: Panthor, vm: PanthorVm, ctx: OpCtx): Steps<Errno> {
  yield* preempt(panthor.machine.dev, "alloc", "panthor_vm_prepare_unmap_op_ctx");
  const cuts = ctx.va % 2 ** 21 !== 0 || (ctx.va + ctx.range) % 2 ** 21 !== 0;
  if (allocVas(panthor, vm, ctx, 2) && (!cuts || allocTables(panthor, ctx))) return 0;
  yield* cleanupOp(panthor, vm, ctx);
  return -ENOMEM;
}

/**
 * Gives back what an operation did not use, and what it left (`panthor_vm_cleanup_op_ctx`). The only place where the
 * VM's zombies are freed.
 */
export function* cleanupOp(panthor: Panthor, vm: PanthorVm, ctx: OpCtx, drain = true): Steps<void> {
  for (let va = ctx.vas.pop(); va !== undefined; va = ctx.vas.pop()) gpuvaFree(vm.gpuvm, va);
  const { bo } = ctx;
  ctx.bo = null;
  const { vmBo } = ctx;
  if (vmBo !== null || ctx.returned.length > 0 || panthor.gen.immediate) {
    yield* releaseVmBos(panthor, vm, ctx, drain);
  }
  if (bo !== null && ctx.holdsBo) {
    ctx.holdsBo = false;
    yield* unpinBo(bo);
    bo.put(ctx);
  }
}
