import {
  type DrmGpuvmBo,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFree,
  gpuvmBoPut,
  type OpMap,
  type Steps,
} from "@gpuvm/core";
import { preempt, type TlbCause, unlock } from "@gpuvm/drm-model";
import type { PvrBo } from "../gem/bo.ts";
import { PvrMmuOpContext } from "../mmu/op-context.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** Who wants a bind: a program's request is counted as one; a teardown's small allocations are taken not to fail. */
export type BindFor = "program" | "firmware" | "teardown";

/** One bind in progress (`struct pvr_vm_bind_op`): what it allocated beforehand and has not used yet. */
export interface BindOp {
  readonly ctx: PvrVmContext;
  readonly by: BindFor;
  /** What is mapped, or the object of the mapping that goes; null: whatever is there. */
  readonly bo: PvrBo | null;
  readonly addr: number;
  readonly size: number;
  /** Null for an unmap. */
  vmBo: DrmGpuvmBo | null;
  newVa: Gpuva;
  prevVa: Gpuva;
  nextVa: Gpuva;
  mmu: PvrMmuOpContext | null;
}

/** A bind for which nothing is allocated yet. */
export function newBindOp(
  ctx: PvrVmContext,
  by: BindFor,
  bo: PvrBo | null,
  addr: number,
  size: number,
): BindOp {
  return { ctx, by, bo, addr, size, vmBo: null, newVa: 0, prevVa: 0, nextVa: 0, mmu: null };
}

/**
 * Allocates the VAs that the steps may need, used or not, and then the page tables (`pvr_vm_bind_op_map_init`,
 * `pvr_vm_bind_op_unmap_init`). `size` 0: an unmap.
 *
 * @returns 0; -ENOMEM
 */
export function* allocateForSteps(op: BindOp, addr: number, size: number): Steps<Errno> {
  const { ctx, by } = op;
  const { dev, machine } = ctx.pvr;
  const { vm } = ctx;
  yield* preempt(dev, "alloc", "pvr_vm_bind_op_init");
  if (size > 0) {
    if (!may(op, "pvr_vm_gpuva")) return -ENOMEM;
    op.newVa = gpuvaAlloc(vm);
  }
  if (!may(op, "pvr_vm_gpuva")) return -ENOMEM;
  op.prevVa = gpuvaAlloc(vm);
  if (!may(op, "pvr_vm_gpuva")) return -ENOMEM;
  op.nextVa = gpuvaAlloc(vm);
  machine.counts.vasCreated += size > 0 ? 3 : 2;
  if (!may(op, "pvr_mmu_op_context")) return -ENOMEM;
  const cause: TlbCause = by === "teardown" ? "close" : "unmap";
  op.mmu = new PvrMmuOpContext(ctx.pt, addr, size, cause);
  return 0;
}

function may({ ctx, by }: BindOp, what: string): boolean {
  return by === "teardown" || ctx.pvr.dev.mayAlloc(what);
}

/** The entries of a map step: their tables are there, so they are written (`pvr_mmu_map`). */
export function mapEntries(op: BindOp, map: OpMap): Errno {
  op.mmu?.map(map.addr, map.range, map.obj as PvrBo, map.offset);
  return 0;
}

/** Gives back what was not used, and flushes what has to be (`pvr_vm_bind_op_fini`). `bo`: what was to be mapped. */
export function* finishBindOp(op: BindOp, bo: PvrBo | null): Steps<void> {
  const { vm, pvr } = op.ctx;
  const { dev } = pvr;
  if (op.vmBo !== null && bo !== null) {
    if (dev.stopsAt(bo.resv, "pvr_vm_bind_op_fini")) yield dev.point;
    bo.resv.acquire(dev.current);
    gpuvmBoPut(op.vmBo, "ioctl");
    unlock(dev, bo.resv);
  }
  if (op.newVa !== 0) gpuvaFree(vm, op.newVa);
  if (op.prevVa !== 0) gpuvaFree(vm, op.prevVa);
  if (op.nextVa !== 0) gpuvaFree(vm, op.nextVa);
  op.mmu?.destroy();
}
