import { W11, W12 } from "./bind-workloads.ts";
import { W1, W2, W6, W13, W14 } from "./close-workloads.ts";
import { W3, W4 } from "./display-workloads.ts";
import { W5, W7, W8, W9 } from "./lifetime-workloads.ts";
import { W10 } from "./race-workloads.ts";
import type { Workload } from "./workload.ts";

/** Every workload, in the order of the fact sheet. */
export const WORKLOADS: readonly Workload[] = [W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12, W13, W14];
