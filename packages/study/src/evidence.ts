import type { Basis } from "./claims/claim.ts";
import type { WorkloadId } from "./workloads/workload.ts";

/**
 * What a cell stands on, the strongest first: `answered` by the driver's own code; `changed`: answered by that code with
 * what tears mappings down changed, which nobody runs; `read` in sources, patches or on the list; `derived`: our own
 * reading; `model`: nothing is claimed, only the model says so.
 */
export type Standing = "answered" | "changed" | "read" | "derived" | "model";

/** What is behind a cell. */
export interface Evidence {
  /** On what it stands. */
  readonly standing: Standing;
  /** The sequences of answers behind it, as `@gpuvm/policy-msm/answers` names them; null where there are none. */
  readonly answers: string | null;
}

/** A way whose workloads the driver's own code was asked to run. */
interface Asked {
  readonly standing: "answered" | "changed";
  /** The sequences of a workload begin with this, its name, and the interface. */
  readonly prefix: string;
  readonly api: "mainline" | "vm-bind";
  readonly workloads: readonly WorkloadId[];
}

const COMMON: readonly WorkloadId[] = ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W9", "W13", "W14"];

function changed(name: string): Asked {
  return { standing: "changed", prefix: `${name}/`, api: "mainline", workloads: COMMON };
}

const ASKED: Readonly<Record<string, Asked>> = {
  MERGED: { standing: "answered", prefix: "", api: "mainline", workloads: COMMON },
  BIND: { standing: "answered", prefix: "", api: "vm-bind", workloads: [...COMMON, "W8", "W11", "W12"] },
  HARD0: changed("hard0"),
  HARDU: changed("hardu"),
  HARDR: changed("hardr"),
  SOFT0: changed("soft0"),
  SOFT4: changed("soft4"),
};

/** Cells whose sequences have names of their own. */
const NAMED: Readonly<Record<string, Evidence>> = {
  "W15 HARDR": { standing: "changed", answers: "hardr/min/get-iova-only" },
};

const READ: ReadonlySet<Basis> = new Set(["thread", "source", "73"]);

/** What is behind the cell of a workload and a way, for which something is claimed on these grounds. */
export function evidenceOf(workload: WorkloadId, way: string, bases: readonly Basis[]): Evidence {
  const named = NAMED[`${workload} ${way}`];
  if (named !== undefined) return named;
  const asked = ASKED[way];
  if (asked?.workloads.includes(workload)) {
    return { standing: asked.standing, answers: `${asked.prefix}${workload}/${asked.api}/*` };
  }
  if (bases.length === 0) return { standing: "model", answers: null };
  return { standing: bases.some((basis) => READ.has(basis)) ? "read" : "derived", answers: null };
}
