import type { NouveauBo } from "../gem/bo.ts";
import type { NouveauSched } from "../sched/sched.ts";
import type { Timeline } from "./timeline.ts";

/** A channel (`struct nouveau_abi16_chan`): holds its push buffer and the notifier that the program has a handle of. */
export interface Channel {
  /** `queue#3`, for findings. */
  readonly name: string;
  /** Push buffer and notifier. */
  readonly bos: readonly NouveauBo[];
  /** Fences of its work on the GPU. */
  readonly timeline: Timeline;
  /** Its EXECs. */
  readonly sched: NouveauSched;
  /** It failed, and takes no more work (`killed`). */
  readonly killed: boolean;
}
