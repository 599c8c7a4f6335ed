import type { Steps } from "@gpuvm/core";
import type { MsmBo } from "../gem/bo.ts";
import type { MsmGemVm } from "../vma/vm.ts";

/** An operation of a bind, as far as its history goes. */
export interface BindOp {
  bo: MsmBo | null;
  readonly boOffset: number;
  readonly range: number;
}

/** A bind's job, as far as its history goes. */
export interface BindJob {
  readonly ops: readonly BindOp[];
}

/**
 * The places where msm once did something else, in the driver's own files by name only: how each is now stands in
 * `now.ts`, how it was in `defects.ts`.
 */
export interface History {
  /** The VM of a bind: `made` makes it if there is none. M8. */
  vmToBind(ctx: { readonly vm: MsmGemVm | null }, made: () => Steps<MsmGemVm | null>): Steps<MsmGemVm | null>;
  /** A handle of a bind is unknown. M1. */
  lookupFailed(job: BindJob): void;
  /** Whether an operation asks for more than the object has. M4. */
  beyondTheEnd(bo: MsmBo, op: BindOp): boolean;
  /** How many bytes from its address on an unmap locks the objects of. M5. */
  rangeToLock(op: BindOp): number;
  /** Whether an object may be mapped in a VM. M6. */
  mayBeMapped(bo: MsmBo, vm: MsmGemVm): boolean;
  /** A bind ran, and is about to unpin. M7. */
  beforeUnpin(job: BindJob): Steps<void>;
  /** A bind with an out-fence failed. M10. */
  outFenceOnError(): Steps<void>;
  /** A submit was made, and failed before the scheduler had it; `syncFile`: when its out-fence was made. M13, M14. */
  submitFailed(syncFile: boolean): void;
  /** There are no pages for a bind's page tables. M12. */
  preallocFailed(job: BindJob, pages: number): void;
  /** A private object could not be made. M2. */
  newFailed(size: number, flags: number): void;
  /** An object's own memory was given back. M2, M3. */
  released(bo: MsmBo): void;
  /** Whether the close of a file takes away what a program has left mapped. W8. */
  readonly closeEmptiesVm: boolean;
  /** Whether a submit of a program that manages addresses is noted as what the VM's close waits for. M11. */
  readonly closeWaitsForWork: boolean;
}
