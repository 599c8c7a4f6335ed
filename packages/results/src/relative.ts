import { mean, sampleStandardDeviation } from "simple-statistics";
import type { RunResult } from "./results.ts";

/** How long replays of one subject take, relative to those of the reference. */
export interface Relative {
  readonly ratio: number;
  /** Standard error of the ratio, propagated from both; null with fewer than two samples a side. */
  readonly error: number | null;
  /** Replays that both have. */
  readonly n: number;
}

/** One replay against the same trace's replay on the reference. */
export function relativeOf(run: RunResult, reference: RunResult): Relative {
  const a = run.timing.samples_ms;
  const b = reference.timing.samples_ms;
  const ratio = mean([...a]) / mean([...b]);
  const enough = a.length > 1 && b.length > 1;
  return { ratio, error: enough ? ratio * Math.hypot(spread(a), spread(b)) : null, n: 1 };
}

/** Several: the geometric mean, with the error that follows from each one's. */
export function relativeOver(runs: readonly RunResult[], references: readonly RunResult[]): Relative | null {
  const byTrace = new Map(references.map((run) => [run.trace, run]));
  const each = runs.flatMap((run) => {
    const reference = byTrace.get(run.trace);
    return reference === undefined ? [] : [relativeOf(run, reference)];
  });
  if (each.length === 0) return null;
  const ratio = Math.exp(mean(each.map((r) => Math.log(r.ratio))));
  const known = each.flatMap((r) => (r.error === null ? [] : [r.error / r.ratio]));
  const error = known.length < each.length ? null : (ratio * Math.hypot(...known)) / each.length;
  return { ratio, error, n: each.length };
}

/** `1.23 ± 0.04`. */
export function relativeText(r: Relative | null): string {
  if (r === null) return "";
  return r.error === null ? r.ratio.toFixed(2) : `${r.ratio.toFixed(2)} ± ${r.error.toFixed(2)}`;
}

function spread(samples: readonly number[]): number {
  return sampleStandardDeviation([...samples]) / mean([...samples]);
}
