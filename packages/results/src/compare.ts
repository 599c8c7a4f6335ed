import { permutationTest } from "simple-statistics";
import { COUNTED } from "./metrics.ts";
import type { Results, RunResult } from "./results.ts";

/** One compared figure. */
export interface Difference {
  readonly trace: string;
  readonly subject: string;
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** `after / before`; null where `before` is 0. */
  readonly ratio: number | null;
  /** Counted figures are exact; timed ones have a p-value, null below four samples a side. */
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
  /** Replays in only one of the files. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

/** Timed samples a side below which no test is made: fewer cannot show a difference. */
const FOR_TEST = 4;
const SIGNIFICANT = 0.05;

/** Compares two result files, matched by trace, subject and metric. `threshold` is a share: 0.05 is 5 %. */
export function compareResults(before: Results, after: Results, threshold: number): ComparisonOfResults {
  const keyed = (results: Results) =>
    new Map(results.runs.map((run) => [`${run.trace} on ${run.subject}`, run]));
  const old = keyed(before);
  const fresh = keyed(after);
  const differences: Difference[] = [];
  const logs: number[] = [];
  for (const [key, a] of old) {
    const b = fresh.get(key);
    if (b === undefined) continue;
    differences.push(...COUNTED.map((metric) => counted(a, b, metric, threshold)), timed(a, b, threshold));
    logs.push(Math.log(b.timing.replay_ms / a.timing.replay_ms));
  }
  return {
    differences,
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

function timed(a: RunResult, b: RunResult, threshold: number): Difference {
  const before = a.timing.replay_ms;
  const after = b.timing.replay_ms;
  const ratio = after / before;
  const p = significance(a.timing.samples_ms, b.timing.samples_ms);
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

/** Two-sided permutation test of the means; the shuffles are seeded, so the same files give the same answer. */
function significance(a: readonly number[], b: readonly number[]): number | null {
  if (a.length < FOR_TEST || b.length < FOR_TEST) return null;
  let state = 0x2545f491;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return permutationTest([...a], [...b], "two_side", 10_000, random);
}
