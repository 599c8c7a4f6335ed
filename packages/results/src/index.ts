/**
 * Replays requests on a policy, and counts, compares and pictures what came of it.
 *
 * @example
 * ```ts
 * import { subjectNamed } from "@gpuvm/drivers";
 * import { replayOne, runResult } from "@gpuvm/results";
 * import { openWorkload } from "@gpuvm/workloads";
 * const options = { audit: false, lockdep: false, repeat: 1, now: () => performance.now() };
 * const replayed = await replayOne(openWorkload("game:seconds=1", 1), subjectNamed("xe"), options);
 * console.assert(runResult(replayed).left_at_device_close.bos === 0);
 * ```
 *
 * @packageDocumentation
 */

export { type ComparisonOfResults, compareResults, type Difference } from "./compare.ts";
export { type Column, Comparison } from "./comparison.ts";
export { explainLeft } from "./explain-left.ts";
export { type Finished, finished, type Tally } from "./finished.ts";
export { mergeResults, type NamedResults } from "./merge.ts";
export { parseResults } from "./parse-results.ts";
export type { AddressSpace, LeftObject, Portrait, Series, Zone } from "./portrait/portrait.ts";
export type { Relative } from "./relative.ts";
export {
  CannotHold,
  type Interruptible,
  type Job,
  type ModelCopy,
  type Replayed,
  type ReplayOptions,
  replayOne,
} from "./replay-one.ts";
export {
  type DistributionSummary,
  type Refusal,
  type Results,
  type RunResult,
  resultsOf,
  runResult,
  type VmResult,
} from "./results.ts";
export { resultsText } from "./results-text.ts";
export { ROWS, type Row, relativeRow } from "./rows.ts";
export type { Sampler } from "./sampler.ts";
export { doubtsOf, sentence } from "./sentence.ts";
export { type Timing, timing } from "./timing.ts";
export { bytes, count, short, time } from "./units.ts";
export { type Watched, watch } from "./watch.ts";
