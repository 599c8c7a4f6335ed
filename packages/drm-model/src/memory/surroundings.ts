import type { DmaFence, DrmDevice, DrmGemObject, DrmGpuvm, DrmGpuvmBo, Holder, Steps } from "@gpuvm/core";
import type { Counts } from "../machine/counts.ts";
import type { HazardKind } from "../machine/hazard.ts";

/** A job whose fence is pending, or that the GPU works on, as what it uses knows it; `InUse` is the only one. */
export interface RunningJob {
  /** What the GPU translates with. */
  readonly pt: object;
  /** How long it keeps what it uses: `now`, it does not. */
  readonly keeps: "pages" | "memory" | "now";
  /** What it may touch. */
  readonly bos: ReadonlySet<DrmGemObject>;
  /** It runs, or ran: it is no longer behind what it waits for. */
  readonly begun: boolean;
  /** The GPU works on it now. */
  readonly touches: boolean;
  /** What is said behind a finding: which fence was believed that had signalled already; empty: none. */
  readonly believed: string;
  /** Whether the pages of an object that go `how` are taken from the job. */
  loses(bo: DrmGemObject, how: "evicted" | "purged" | "freed"): boolean;
}

/** A VM with its page tables, as the objects that are mapped there know it; `VmRecord` is the only one. */
export interface MappedVm {
  readonly vm: DrmGpuvm;
  /** Entries stay when pages go. */
  readonly keepsEntries: boolean;
  /** Whether entries lead to what is mapped by a link. */
  leadsTo(vmBo: DrmGpuvmBo): boolean;
}

/** A dma-buf, as the object that it is of knows it; `DmaBuf` is the only one. */
export interface ExportedBuffer {
  /** References. */
  readonly refs: number;
  /** Takes a reference. */
  get(holder: Holder): ExportedBuffer;
  /** Drops a reference. */
  put(holder: Holder): void;
}

/** The bytes of objects, as the objects know them; `Memory` is the only one. */
export interface MemoryBooks {
  /** An object came to be. */
  born(bo: DrmGemObject): void;
  /** An object was freed. */
  died(bo: DrmGemObject): void;
  /** The last handle or dma-buf of an object went. */
  orphaned(bo: DrmGemObject): void;
}

/** What objects and page tables know of the machine that they are on; `Machine` is the only one. */
export interface Surroundings {
  /** The device of the core. */
  readonly dev: DrmDevice;
  /** How the machine was made. */
  readonly options: { readonly watch?: boolean; readonly contiguity?: number };
  /** What was counted so far. */
  readonly counts: Counts;
  /** Bytes: allocated, retained. */
  readonly memory: MemoryBooks;
  /** Every VM that was made. */
  readonly vms: readonly MappedVm[];
  /** Jobs that are in use, on a machine that watches: the fence is pending, or the GPU works on them. */
  readonly inUse: Iterable<RunningJob>;
  /** Whether histories are kept: ask before building a line. */
  readonly auditing: boolean;
  /** Something that must not happen did. */
  hazard(kind: HazardKind, object: string, detail: string): void;
  /** Keeps a line in an object's history. */
  note(object: string, line: string): void;
  /** Has a worker run something, later. */
  queueWork(label: string, start: () => Steps<void>): void;
  /** The same for work that first waits for fences. */
  queueWorkBehind(fences: readonly DmaFence[], label: string, start: () => Steps<void>): void;
}
