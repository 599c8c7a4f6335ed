import type { DmaResv, DrmGpuvm, DrmGpuvmBo, WwTicket } from "@gpuvm/core";

/** What is rare in an object, and known only together with all others: what it is to this state. */
export interface Rare {
  /** Mappings by number, and times. */
  readonly numbers: number[];
  /** Timelines of fences. */
  readonly timelines: number[];
  readonly tickets: WwTicket[];
  /** VMs whose rows were hashed. */
  readonly vms: DrmGpuvm[];
  /** Links whose lists of mappings are part of the object: they change without a write to it. */
  readonly links: DrmGpuvmBo[];
  /** Whose fences are part of the object: that one signals is no write to it. */
  readonly resvs: DmaResv[];
}

/**
 * What an object holds, as long as nobody writes to it: a hash of all that stands by itself, and in order the objects that it leads
 * to, whose numbers are those of each state.
 */
export interface Content<Ref extends object = object> {
  readonly a: number;
  readonly b: number;
  readonly refs: readonly Ref[];
  readonly rare: Rare | null;
  /** Nonzero: it holds captured variables, as they were when this was the log's era. */
  readonly era: number;
}
