import {
  type DrmExec,
  type DrmGemObject,
  type DrmGpuvmBo,
  type Errno,
  type Gpuva,
  gpuvaFree,
  gpuvaLink,
  type OpMap,
  type Steps,
} from "@gpuvm/core";
import type { PvrFile } from "../file.ts";
import { unmapKept } from "../queue/kept-contexts.ts";
import { type BindOp, mapEntries } from "../vm/bind-op.ts";
import { lockCovered } from "../vm/map.ts";
import { unmapExact } from "../vm/unmap.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";

/**
 * What the driver does where an older kernel did otherwise. The driver calls these; a defect of the catalogue puts
 * functions of its own in their place when the driver starts (`defects.ts`).
 */
export interface PvrRules {
  /** `pvr_vm_unmap`. */
  unmap(ctx: PvrVmContext, addr: number, size: number): Steps<Errno>;
  /** Locks the objects of the mappings that a map takes away. */
  lockCovered(ctx: PvrVmContext, exec: DrmExec, addr: number, size: number): Steps<Errno>;
  /** Edits an object's list of mappings. */
  edit(ctx: PvrVmContext, obj: DrmGemObject | null, change: () => void): void;
  /** The entries of a map step (`pvr_mmu_map`). */
  mapEntries(op: BindOp, map: OpMap): Errno;
  /** Whose the pieces of a mapping that is cut are. */
  ownerOfPieces(op: BindOp, cut: DrmGpuvmBo | null): DrmGpuvmBo | null;
  /** Links a piece. */
  linkPiece(ctx: PvrVmContext, va: Gpuva, owner: DrmGpuvmBo): void;
  /** The end of an unlinked VA. */
  freeVa(ctx: PvrVmContext, va: Gpuva): void;
  /** The driver's count of a VM context is 0, and the core's VM is still held. */
  outlived(ctx: PvrVmContext): void;
  /** The last reference on a queue's fence went: its context is put by a worker, or now. */
  putContextOfFence(put: () => Steps<void>, byWorker: () => void): void;
  /** What the end of a file does with contexts that outlive it. */
  unmapKept(file: PvrFile): Steps<void>;
}

/** 7.3.4. */
export const CURRENT: PvrRules = {
  unmap: unmapExact,
  lockCovered,
  edit: (_ctx, _obj, change) => change(),
  mapEntries,
  ownerOfPieces: (_op, cut) => cut,
  linkPiece: (ctx, va, owner) => gpuvaLink(ctx.vm, va, owner),
  freeVa: (ctx, va) => gpuvaFree(ctx.vm, va),
  outlived: () => {},
  putContextOfFence: (_put, byWorker) => byWorker(),
  unmapKept,
};
