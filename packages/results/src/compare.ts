import { COUNTED } from "./metrics.ts";
import type { Results, RunResult } from "./results.ts";
import { FOR_TEST, holm, SIGNIFICANT, samplesFor, significance } from "./significance.ts";

/** One compared figure. */
export interface Difference {
  readonly trace: string;
  readonly subject: string;
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** `after / before`; null where `before` is 0. */
  readonly ratio: number | null;
  /**
   * Counted figures are exact; timed ones have a p-value, corrected for how many are compared (Holm); null below four
   * samples a side.
   */
  readonly p: number | null;
  readonly counted: boolean;
  /** `worse` and `better` are shown and beyond the threshold; `changed`: neither; `same`: nothing is shown. */
  readonly verdict: "same" | "changed" | "better" | "worse";
}

/** Two result files, compared. */
export interface ComparisonOfResults {
  readonly differences: readonly Difference[];
  /** Geometric mean of the time ratios of all replays in both files; null without any. */
  readonly timeGeomean: number | null;
  /** Samples a side that could show a difference in one of so many timed figures; null where there are that many. */
  readonly samplesWanted: number | null;
  /** Replays in only one of the files. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

/** Compares two result files, matched by trace, subject and metric. `threshold` is a share: 0.05 is 5 %. */
export function compareResults(before: Results, after: Results, threshold: number): ComparisonOfResults {
  const keyed = (results: Results) =>
    new Map(results.runs.map((run) => [`${run.trace} on ${run.subject}`, run]));
  const old = keyed(before);
  const fresh = keyed(after);
  const differences: Difference[] = [];
  const pairs: (readonly [before: RunResult, after: RunResult])[] = [];
  const logs: number[] = [];
  for (const [key, a] of old) {
    const b = fresh.get(key);
    if (b === undefined) continue;
    pairs.push([a, b]);
    logs.push(Math.log(b.timing.replay_ms / a.timing.replay_ms));
  }
  const raw = pairs.map(([a, b]) => significance(a.timing.samples_ms, b.timing.samples_ms));
  const ps = holm(raw);
  pairs.forEach(([a, b], i) => {
    differences.push(...COUNTED.map((metric) => counted(a, b, metric, threshold)));
    differences.push(timed(a, b, ps[i] ?? null, threshold));
  });
  return {
    differences,
    samplesWanted: wanted(pairs),
    timeGeomean: logs.length === 0 ? null : Math.exp(logs.reduce((sum, x) => sum + x, 0) / logs.length),
    onlyBefore: [...old.keys()].filter((key) => !fresh.has(key)),
    onlyAfter: [...fresh.keys()].filter((key) => !old.has(key)),
  };
}

function counted(
  a: RunResult,
  b: RunResult,
  metric: (typeof COUNTED)[number],
  threshold: number,
): Difference {
  const before = metric.of(a);
  const after = metric.of(b);
  const ratio = before === 0 ? null : after / before;
  const beyond = ratio === null ? after !== before : Math.abs(ratio - 1) > threshold;
  const worse = metric.moreIsWorse === null ? null : metric.moreIsWorse === after > before;
  const verdict =
    before === after ? "same" : worse === null || !beyond ? "changed" : worse ? "worse" : "better";
  return {
    trace: a.trace,
    subject: a.subject,
    metric: metric.name,
    before,
    after,
    ratio,
    p: null,
    counted: true,
    verdict,
  };
}

function timed(a: RunResult, b: RunResult, p: number | null, threshold: number): Difference {
  const before = a.timing.replay_ms;
  const after = b.timing.replay_ms;
  const ratio = after / before;
  const shown = p !== null && p < SIGNIFICANT && Math.abs(ratio - 1) > threshold;
  const verdict = !shown ? "same" : ratio > 1 ? "worse" : "better";
  return {
    trace: a.trace,
    subject: a.subject,
    metric: "replay_ms",
    before,
    after,
    ratio,
    p,
    counted: false,
    verdict,
  };
}

function wanted(pairs: readonly (readonly [RunResult, RunResult])[]): number | null {
  const had = pairs.flatMap(([a, b]) => [a.timing.samples_ms.length, b.timing.samples_ms.length]);
  const least = Math.min(...had);
  if (pairs.length === 0 || least < FOR_TEST) return null;
  const enough = samplesFor(pairs.length);
  return least < enough ? enough : null;
}
