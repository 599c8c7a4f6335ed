/**
 * The command `gpuvm-bench`, to be run from a program. What it calls are packages of their own: `@gpuvm/results`,
 * `@gpuvm/report`, `@gpuvm/workloads`, `@gpuvm/study`, `@gpuvm/scenarios`, `@gpuvm/reference-graph`, `@gpuvm/drivers`.
 *
 * @packageDocumentation
 */

export { main } from "./cli/app.ts";
export { type ConformanceArgs, runConformance } from "./commands/conformance.ts";
export { openTrace, shippedSources } from "./inputs/open-trace.ts";
