import { badClose } from "./bad-close.ts";
import { badExit } from "./bad-exit.ts";
import { browser } from "./browser.ts";
import { compositor } from "./compositor.ts";
import { flips } from "./flips.ts";
import { game } from "./game.ts";
import { ml } from "./ml.ts";
import { reimport } from "./reimport.ts";
import { sparse } from "./sparse.ts";
import type { Workload } from "./workload.ts";

/** Every workload that can be generated. */
export const WORKLOADS: readonly Workload[] = [
  game,
  sparse,
  compositor,
  flips,
  reimport,
  ml,
  browser,
  badClose,
  badExit,
];
