/**
 * What a program asks of a DRM driver: the events of the `gpu-bo-trace` format, in the drivers' own terms.
 *
 * One interface per event, joined in {@link Request} and told apart by `op`. Sizes, offsets, addresses and lengths are
 * bytes, times are nanoseconds. Addresses are doubles: a u64 that is a multiple of 4096 is exact in one, and a reader
 * refuses a literal that is not. Flags, domains and classes are the bits of the driver's uAPI header, uninterpreted.
 *
 * A field that only some drivers have is optional and says which. In the files booleans are 0 and 1, and names are the
 * uAPI's (`va_range`); here they are booleans and camel case (`vaRange`).
 */

import type { RequestBase } from "./request-base.ts";
import type { SyncobjRequest } from "./sync-request.ts";
import type { SyncOp } from "./uapi/sync-obj.ts";

/** Name of the format, the first thing in a file. */
export const TRACE_FORMAT = "gpu-bo-trace" as const;

/** The version of the format that this code reads and writes. */
export const TRACE_VERSION = 1 as const;

/** The first line of a trace: where it comes from and how much is in it. */
export interface TraceHeader {
  readonly format: typeof TRACE_FORMAT;
  readonly version: typeof TRACE_VERSION;
  /** Kernel driver whose interface was used (`msm`, `xe`, ...), or `neutral` for a translated trace. */
  readonly driver: string;
  /** User-mode driver that made the calls. */
  readonly userspace?: string;
  readonly mesaVersion?: string;
  /** GPU that the user-mode driver believed to have. */
  readonly gpu?: string;
  readonly program?: string;
  readonly description?: string;
  readonly capturedWith?: string;
  /** Number of events, without the header. */
  readonly events?: number;
  /** Number of different buffer serials. */
  readonly boCount?: number;
  /** Number of `submit` and `exec` events. */
  readonly submits?: number;
  /** Time from the first to the last event, in milliseconds. */
  readonly durationMs?: number;
}

/**
 * A buffer was created: `MSM_GEM_NEW`, `NOUVEAU_GEM_NEW`, `XE_GEM_CREATE`, `PANTHOR_BO_CREATE`, `PVR_CREATE_BO`.
 * `bo` is the recorder's serial of the handle, at least 1 and never used for another handle.
 */
export interface GemNew extends RequestBase {
  readonly op: "gem_new";
  readonly bo: number;
  /** Bytes. */
  readonly size: number;
  readonly flags?: number;
  /** nouveau: `NOUVEAU_GEM_DOMAIN_*`; bit 32 is NO_SHARE (private to the VM). */
  readonly domain?: number;
  /** nouveau: bytes. */
  readonly align?: number;
  /** nouveau. */
  readonly tileMode?: number;
  /** nouveau. */
  readonly tileFlags?: number;
  /** xe: mask of the memory regions that the buffer may live in. */
  readonly placement?: number;
  /** xe: 1 write-back, 2 write-combined. */
  readonly cache?: number;
  /** Bytes of each physically contiguous, aligned piece of its memory: a power of two from 4096 on; default: as it is usual. */
  readonly contiguity?: number;
  /** xe, panthor, neutral: the only VM that may map the buffer; it shares that VM's reservation and can't be exported. */
  readonly vm?: number;
}

/** `DRM_IOCTL_GEM_CLOSE`: the program gave up its handle. The object lives on while something else holds it. */
export interface GemClose extends RequestBase {
  readonly op: "gem_close";
  readonly bo: number;
}

/** The mmap offset was asked for, a CPU mapping follows (not visible on nouveau). */
export interface CpuMap extends RequestBase {
  readonly op: "cpu_map";
  readonly bo: number;
}

/** `MSM_GEM_INFO(GET_IOVA)`: the kernel chooses an address now; page-table entries and pins come with a submit. */
export interface GetIova extends RequestBase {
  readonly op: "get_iova";
  readonly bo: number;
}

/** `MSM_GEM_INFO(SET_IOVA)`: the program chose the address. */
export interface SetIova extends RequestBase {
  readonly op: "set_iova";
  readonly bo: number;
  /** GPU address in bytes; 0 takes the buffer out of the address space. */
  readonly iova: number;
}

/** `MSM_GEM_MADVISE`: into (false) or out of (true) the program's cache of buffers. Pages may be purged meanwhile. */
export interface Madvise extends RequestBase {
  readonly op: "madvise";
  readonly bo: number;
  readonly willneed: boolean;
}

/** `MSM_GEM_CPU_PREP`, `NOUVEAU_GEM_CPU_PREP`: wait, or with a flag only ask, until the GPU is done with the buffer. */
export interface CpuPrep extends RequestBase {
  readonly op: "cpu_prep";
  readonly bo: number;
  readonly flags?: number;
  /** The answer that the program got: true, the GPU still used it. */
  readonly busy?: boolean;
}

/** `MSM_GEM_INFO(SET_NAME)`, `PANTHOR_BO_SET_LABEL`: a name for debugging. */
export interface SetName extends RequestBase {
  readonly op: "set_name";
  readonly bo: number;
  readonly name: string;
}

/** `DRM_IOCTL_PRIME_HANDLE_TO_FD`: a dma-buf of the buffer was made, or found again. */
export interface PrimeExport extends RequestBase {
  readonly op: "prime_export";
  readonly bo: number;
}

/** `DRM_IOCTL_PRIME_FD_TO_HANDLE`: a buffer came in as a dma-buf. */
export interface PrimeImport extends RequestBase {
  readonly op: "prime_import";
  readonly bo: number;
  /** Bytes. */
  readonly size: number;
  /** False: the file already had a handle for this object, `bo` is that one (`new` in the files). */
  readonly fresh: boolean;
}

/** `MSM_SET_PARAM(EN_VM_BIND)`: from now on the program manages the addresses. */
export interface EnableVmBind extends RequestBase {
  readonly op: "enable_vm_bind";
}

/** `NOUVEAU_VM_INIT`: the file's one VM gets its shape. */
export interface VmInit extends RequestBase {
  readonly op: "vm_init";
  readonly vm?: number;
  readonly flags?: number;
  /** Size of the address space in bytes. */
  readonly vaRange?: number;
  /** nouveau: start, in bytes, of the part kept for the kernel. */
  readonly kva?: number;
  /** nouveau: length of that part in bytes. */
  readonly ksize?: number;
}

/** `XE_VM_CREATE`, `PANTHOR_VM_CREATE`, `PVR_CREATE_VM_CONTEXT`: an address space was made. */
export interface VmCreate extends RequestBase {
  readonly op: "vm_create";
  readonly vm: number;
  readonly flags?: number;
  /** panthor: size of the part that the program manages, in bytes. */
  readonly vaRange?: number;
  /** Start and length, in bytes, of the part kept for the kernel, where a driver says so. */
  readonly kva?: number;
  readonly ksize?: number;
}

/** `XE_VM_DESTROY`, `PANTHOR_VM_DESTROY`, `PVR_DESTROY_VM_CONTEXT`. */
export interface VmDestroy extends RequestBase {
  readonly op: "vm_destroy";
  readonly vm: number;
}

/**
 * What one bind operation does. `map_null` reads as zero and has no buffer (sparse), `map_userptr` maps the program's own
 * memory (`boOffset` is its CPU address), `unmap_all` removes every mapping of `bo` (xe), `sync` only waits and signals.
 */
export type BindKind = "map" | "unmap" | "map_null" | "map_userptr" | "unmap_all" | "prefetch" | "sync";

/** Every {@link BindKind}. */
export const BIND_KINDS: readonly BindKind[] = [
  "map",
  "unmap",
  "map_null",
  "map_userptr",
  "unmap_all",
  "prefetch",
  "sync",
];

/** One operation of a bind call; in the files an array `[kind, bo, bo_offset, va, length, flags, pat?]`. */
export interface BindOp {
  readonly kind: BindKind;
  /** Serial of the buffer, 0 for none. */
  readonly bo: number;
  /** Bytes from the start of the buffer. */
  readonly boOffset: number;
  /** First address in bytes. */
  readonly va: number;
  /** Bytes. */
  readonly length: number;
  /**
   * The driver's bits. nouveau: 256 sparse, low 8 bits the page kind. panthor: 1 read-only, 2 no-execute.
   * xe: 1 read-only, 4 null mapping, 8 dumpable.
   */
  readonly flags: number;
  /** xe: index in the page attribute table. */
  readonly pat?: number;
}

/** One bind call: `MSM_VM_BIND`, `NOUVEAU_VM_BIND`, `XE_VM_BIND`, `PANTHOR_VM_BIND`, `PVR_VM_MAP`, `PVR_VM_UNMAP`. */
export interface VmBind extends RequestBase {
  readonly op: "vm_bind";
  /** Absent where the file has one VM (msm, nouveau). */
  readonly vm?: number;
  /** Bind queue (msm, xe); 0 is the VM's own. */
  readonly queue?: number;
  /** nouveau, panthor, neutral: the call returns before the operations are done. */
  readonly async?: boolean;
  /** Number of syncobjs waited for (msm, nouveau). */
  readonly in?: number;
  /** Number of syncobjs signalled (msm, nouveau). */
  readonly out?: number;
  /** Number of sync entries of both directions (xe, panthor). */
  readonly syncs?: number;
  /**
   * What is waited for and signalled. panthor: of each operation, in the order of `ops`. msm, nouveau, xe, neutral: of the
   * whole call, in one list. Absent: nothing is known but the numbers.
   */
  readonly syncOps?: readonly (readonly SyncOp[])[];
  /** Applied in order. */
  readonly ops: readonly BindOp[];
}

/** `MSM_SUBMITQUEUE_NEW`, `XE_EXEC_QUEUE_CREATE`, `PANTHOR_GROUP_CREATE`, `PVR_CREATE_CONTEXT`. */
export interface QueueNew extends RequestBase {
  readonly op: "queue_new";
  readonly queue: number;
  readonly vm?: number;
  /** Engine class (xe) or context type (powervr). */
  readonly class?: number;
  /** msm: flag 2 is a queue for binds. */
  readonly flags?: number;
  readonly prio?: number;
  /** panthor: number of queues in the group. */
  readonly queues?: number;
  /** panthor: bytes of each queue's ring buffer. */
  readonly ring?: number;
}

/** The counterpart of {@link QueueNew}. */
export interface QueueClose extends RequestBase {
  readonly op: "queue_close";
  readonly queue: number;
}

/** `NOUVEAU_CHANNEL_ALLOC`. */
export interface ChannelNew extends RequestBase {
  readonly op: "channel_new";
  readonly channel: number;
  /** Buffer that the kernel made together with the channel; this is where its serial appears first. */
  readonly notifierBo?: number;
  readonly vm?: number;
  readonly class?: number;
  readonly flags?: number;
  readonly prio?: number;
}

/** Command buffers by address: `[va, bytes]`; panthor adds the subqueue. */
export type CommandRange = readonly [va: number, bytes: number, subqueue?: number];

/**
 * Work with a list of buffers: `MSM_GEM_SUBMIT`, `NOUVEAU_GEM_PUSHBUF`. In msm's VM_BIND mode the list is empty and
 * the whole address space counts as used.
 */
export interface Submit extends RequestBase {
  readonly op: "submit";
  /** Serials in list order. `null` (neutral only): everything mapped counts as used. */
  readonly bos: readonly number[] | null;
  /** Indexes in `bos` of the buffers that are written (`w` in the files). */
  readonly writes: readonly number[];
  readonly queue?: number;
  /** nouveau. */
  readonly channel?: number;
  /** Number of the fence that signals when the work is done, counted per queue (msm). */
  readonly fence?: number;
  readonly flags?: number;
  /** Number of command buffers. */
  readonly cmds?: number;
  /** Number of syncobjs waited for. */
  readonly in?: number;
  /** Number of syncobjs signalled. */
  readonly out?: number;
  /** msm, neutral: what it waits for and signals. Absent: nothing is known but the numbers. */
  readonly syncOps?: readonly SyncOp[];
  /** msm, VM_BIND mode: the command buffers. */
  readonly ib?: readonly CommandRange[];
  /** nouveau: number of relocations. */
  readonly relocs?: number;
  /** nouveau: indexes in `bos` of the buffers that may be in VRAM. */
  readonly vram?: readonly number[];
  /** Neutral: the VM that the work runs in. */
  readonly vm?: number;
  /** Neutral: false for a call that only waits and signals. */
  readonly work?: boolean;
}

/** powervr: `[type, context, syncs]`; type 0 geometry, 1 fragment, 2 compute, 3 transfer. */
export type PvrJob = readonly [type: number, context: number, syncs: number];

/**
 * Work without a list of buffers, the whole address space counts as used: `NOUVEAU_EXEC`, `XE_EXEC`,
 * `PANTHOR_GROUP_SUBMIT`, `PVR_SUBMIT_JOBS`.
 */
export interface Exec extends RequestBase {
  readonly op: "exec";
  readonly queue?: number;
  /** nouveau. */
  readonly channel?: number;
  /** nouveau, panthor: the command buffers. 0 bytes: only synchronisation. */
  readonly push?: readonly CommandRange[];
  /** powervr. */
  readonly jobs?: readonly PvrJob[];
  /** xe: address of the batch, in bytes. */
  readonly addr?: number;
  /** xe: number of batches. 0: only synchronisation. */
  readonly batches?: number;
  readonly in?: number;
  readonly out?: number;
  readonly syncs?: number;
  /**
   * What is waited for and signalled. panthor, powervr: by each command buffer or job, in the order of `push` or `jobs`.
   * nouveau, xe: by the whole call, in one list. Absent: nothing is known but the numbers.
   */
  readonly syncOps?: readonly (readonly SyncOp[])[];
}

/** A blocking wait for a fence: `MSM_WAIT_FENCE`, `XE_WAIT_USER_FENCE`. */
export interface WaitFence extends RequestBase {
  readonly op: "wait_fence";
  readonly fence: number;
  readonly queue?: number;
  /** xe: address of the program's where `fence` is to be read; absent: the end of the queue's `fence`-th job. No trace has it. */
  readonly addr?: number;
  /** xe, with `addr`: nanoseconds; absent: for ever. */
  readonly timeout?: number;
}

/** `PANTHOR_TILER_HEAP_CREATE`: tiler memory that the kernel manages and maps. */
export interface HeapCreate extends RequestBase {
  readonly op: "heap_create";
  readonly vm?: number;
  readonly id?: number;
  /** Bytes of one chunk. */
  readonly chunk?: number;
  /** Chunks at the start. */
  readonly init?: number;
  /** Chunks at most. */
  readonly max?: number;
  /** Render passes at once beyond which the heap does not grow. */
  readonly inFlight?: number;
}

/** `PANTHOR_TILER_HEAP_DESTROY`. The recorder did not keep which one. */
export interface HeapDestroy extends RequestBase {
  readonly op: "heap_destroy";
  readonly vm?: number;
  readonly id?: number;
}

/** `PVR_CREATE_FREE_LIST`: memory for the parameter buffer, grown by the kernel. */
export interface FreeListCreate extends RequestBase {
  readonly op: "free_list_create";
  readonly id?: number;
  /** Address of the free list, in bytes. */
  readonly va?: number;
  readonly initPages?: number;
  readonly maxPages?: number;
  readonly growPages?: number;
}

/** `PVR_CREATE_HWRT_DATASET`: a render target. */
export interface HwrtCreate extends RequestBase {
  readonly op: "hwrt_create";
  readonly id?: number;
  /** Pixels (`w` and `h` in the files). */
  readonly width?: number;
  readonly height?: number;
}

/** The DRM file was closed: the kernel releases what is left. */
export interface Close extends RequestBase {
  readonly op: "close";
}

/** The recording stops here. Nothing is known of what followed; what is still open was not closed by the program. */
export interface End extends RequestBase {
  readonly op: "end";
  readonly why: string;
}

/** Any event of a trace. */
export type Request =
  | GemNew
  | GemClose
  | CpuMap
  | GetIova
  | SetIova
  | Madvise
  | CpuPrep
  | SetName
  | PrimeExport
  | PrimeImport
  | EnableVmBind
  | VmInit
  | VmCreate
  | VmDestroy
  | VmBind
  | QueueNew
  | QueueClose
  | ChannelNew
  | Submit
  | Exec
  | WaitFence
  | HeapCreate
  | HeapDestroy
  | FreeListCreate
  | HwrtCreate
  | SyncobjRequest
  | Close
  | End;

/** The names of all events. */
export type RequestOp = Request["op"];

/** The event with a given name: `RequestOf<"gem_new">` is {@link GemNew}. */
export type RequestOf<Op extends RequestOp> = Extract<Request, { readonly op: Op }>;
