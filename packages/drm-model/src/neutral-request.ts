/**
 * The neutral part of the request vocabulary: what a program asked for, without any one driver's flags.
 *
 * A trace is translated from one driver to another through this form. Every neutral request is also a {@link Request},
 * so a neutral trace is a valid `gpu-bo-trace` file (its header says driver `neutral`) and needs no reader of its own.
 */
import type {
  BindOp,
  Close,
  CpuPrep,
  End,
  GemClose,
  GemNew,
  Madvise,
  PrimeExport,
  PrimeImport,
  QueueClose,
  QueueNew,
  Submit,
  VmBind,
  VmCreate,
  VmDestroy,
  WaitFence,
} from "./request.ts";
import type { RequestBase } from "./request-base.ts";
import type { SyncobjRequest } from "./sync-request.ts";
import type { SyncOp } from "./uapi/sync-obj.ts";

/** The `driver` of the header of a translated trace. */
export const NEUTRAL_DRIVER = "neutral" as const;

/** A buffer was created; with `vm` it is private to that VM. */
export interface NeutralGemNew
  extends RequestBase,
    Pick<GemNew, "op" | "bo" | "size" | "vm" | "contiguity"> {}

/** A wait, or a question, for the GPU to be done with a buffer. */
export interface NeutralCpuPrep extends RequestBase, Pick<CpuPrep, "op" | "bo" | "busy"> {}

/** An address space was made. */
export interface NeutralVmCreate extends RequestBase, Pick<VmCreate, "op" | "vm"> {}

/** A bind operation that every driver with explicit binds has. `flags` are 0. */
export interface NeutralBindOp extends BindOp {
  readonly kind: "map" | "unmap" | "map_null";
  readonly flags: 0;
}

/** One bind call on a named VM. Without operations it only waits and signals. */
export interface NeutralVmBind extends RequestBase, Pick<VmBind, "op"> {
  readonly vm: number;
  readonly async: boolean;
  /** What the whole call waits for and signals, in one list; absent: nothing is known of it. */
  readonly syncOps?: readonly (readonly SyncOp[])[];
  readonly ops: readonly NeutralBindOp[];
}

/** A submission queue on a named VM. */
export interface NeutralQueueNew extends RequestBase, Pick<QueueNew, "op" | "queue"> {
  readonly vm: number;
}

/**
 * Work on a queue. `bos: null` means that everything mapped in the VM counts as used, as for a driver without buffer
 * lists; `writes` are indexes in `bos`. `fence` is the number that a later {@link WaitFence} on the same queue names.
 */
export interface NeutralSubmit extends RequestBase, Pick<Submit, "op" | "bos" | "writes" | "fence"> {
  readonly vm: number;
  readonly queue: number;
  /** False: the call only waits and signals. */
  readonly work: boolean;
  /** What it waits for and signals; absent: nothing is known of it. */
  readonly syncOps?: readonly SyncOp[];
}

/** A blocking wait for a fence of a queue. */
export interface NeutralWaitFence extends RequestBase, Pick<WaitFence, "op" | "fence"> {
  readonly queue: number;
}

/** What any program asks of any driver. Syncobjs are DRM's own: each driver has them, under the program's handles. */
export type NeutralRequest =
  | SyncobjRequest
  | NeutralGemNew
  | GemClose
  | PrimeExport
  | PrimeImport
  | Madvise
  | NeutralCpuPrep
  | NeutralVmCreate
  | VmDestroy
  | NeutralVmBind
  | NeutralQueueNew
  | QueueClose
  | NeutralSubmit
  | NeutralWaitFence
  | Close
  | End;
