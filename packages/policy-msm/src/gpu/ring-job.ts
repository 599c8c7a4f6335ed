import type { DmaFence, Steps } from "@gpuvm/core";
import type { GpuUse } from "@gpuvm/drm-model";
import type { MsmBo } from "../gem/bo.ts";
import type { MsmGemVm } from "../vma/vm.ts";

/** A submit, as a ring sees it. */
export interface RingWork {
  /** The file's number. */
  readonly file: number;
  /** Command buffers (`nr_cmds`); 0: it was given up, and is not begun again. */
  cmds: number;
  /** Where it runs. */
  readonly vm: MsmGemVm;
  /** What it lists. */
  readonly bos: readonly MsmBo[];
  /** Address of its commands, where that is told; else null. */
  readonly cmdIova: number | null;
  /** Is told when the GPU turns to it and leaves it. */
  readonly uses: GpuUse;
  /** The queue, which counts the faults of its submits. */
  readonly queue: { faults: number };
  /** Who made the call (`pid`). */
  readonly submitter: { readonly gone: boolean };
  /** What is let go when it is done, in the GPU's own worker. */
  retire(): Steps<void>;
}

/** A submit that was written to a ring. */
export interface RingJob {
  /** Number on the ring. */
  readonly seqno: number;
  /** The hardware's fence. */
  readonly fence: DmaFence;
  /** The submit. */
  readonly work: RingWork;
  /** Command buffers that were written: 0, it was written empty. */
  readonly cmds: number;
}
