/**
 * The benchmark's own API: replay traces on policies and read the figures. The command is `gpuvm-bench`.
 *
 * @packageDocumentation
 */

export { main } from "./cli/app.ts";
export { type ConformanceArgs, runConformance } from "./commands/conformance.ts";
export type { OwnershipChoice, Subject } from "./policies.ts";
export { DRIVERS, driverNamed, subjectName, subjectNamed, subjects } from "./policies.ts";
export type { AddressSpace, LeftObject, Portrait, Series, Zone } from "./portrait/portrait.ts";
export { type ReportInput, reportHtml } from "./report/report-html.ts";
export { type Replayed, type ReplayOptions, replayOne, type Sampler } from "./run/replay-one.ts";
export {
  type DistributionSummary,
  type Results,
  type RunResult,
  resultsOf,
  runResult,
  type VmResult,
} from "./run/results.ts";
export { openTrace, shippedSources, type TraceSource } from "./run/source.ts";
export type { Timing } from "./run/timing.ts";
export { WORKLOADS } from "./workload/catalogue.ts";
export { openWorkload } from "./workload/open-workload.ts";
export type { Parameter, Workload } from "./workload/workload.ts";
