import type { DrmExec, DrmGemObject, DrmGpuvmBo, Errno, Gpuva, OpMap, Steps } from "@gpuvm/core";
import type { PvrDevice } from "../device.ts";
import type { PvrContext } from "../queue/pvr-context.ts";
import type { BindOp } from "../vm/bind-op.ts";
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
  putContextOfFence(fence: { readonly name: string; readonly ctx: PvrContext }): void;
  /** A job's own fence is initialised, and it was before. */
  initFenceAgain(ctx: PvrContext): void;
  /** Whether a map holds the VM context's lock, under which an unmap looks up what to unmap. */
  readonly locksToMap: boolean;
  /** Whether the fragment job of a pair holds the geometry job. */
  readonly holdsPaired: boolean;
  /** What the end of a file does with contexts that it made and that outlive it. */
  unmapKept(made: Set<PvrContext>): Steps<void>;
}

/** The rules that a driver was started with. */
export function rulesOf(pvr: PvrDevice): PvrRules {
  return (pvr as PvrDevice<PvrRules>).rules;
}
