import { W11, W12 } from "./bind.ts";
import { W1, W2, W6, W13, W14 } from "./close.ts";
import { W3, W4 } from "./display.ts";
import { W17, W18 } from "./end.ts";
import { W16 } from "./hang.ts";
import { W20 } from "./last-close.ts";
import { W5, W7, W8, W9 } from "./lifetime.ts";
import { W19 } from "./pressure.ts";
import { W10 } from "./race.ts";
import { W15 } from "./unused.ts";
import { W21 } from "./userptr.ts";
import type { Workload } from "./workload.ts";

/** Every workload, in the order of the fact sheet. */
export const WORKLOADS: readonly Workload[] = [
  W1,
  W2,
  W3,
  W4,
  W5,
  W6,
  W7,
  W8,
  W9,
  W10,
  W11,
  W12,
  W13,
  W14,
  W15,
  W16,
  W17,
  W18,
  W19,
  W20,
  W21,
];
