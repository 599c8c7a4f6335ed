import type { InUse } from "@gpuvm/drm-model";
import type { MsmBo } from "../gem/bo.ts";
import type { MsmGemVm } from "../vma/vm.ts";

/** A submit, as a ring sees it. */
export interface RingWork {
  /** The file's number. */
  readonly file: number;
  /** Command buffers: 0, written empty. */
  readonly cmds: number;
  /** Where it runs. */
  readonly vm: MsmGemVm;
  /** What it lists. */
  readonly bos: readonly MsmBo[];
  /** Address of its commands, where that is told; else null. */
  readonly cmdIova: number | null;
  /** What it uses, where everything that is mapped is in use. */
  readonly uses: InUse | undefined;
}

/** A submit that was written to a ring. */
export interface RingJob extends RingWork {
  /** Number on the ring. */
  readonly seqno: number;
}
