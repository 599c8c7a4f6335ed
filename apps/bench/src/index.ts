/**
 * The benchmark's own API: replay traces on policies and read the figures. The command is `gpuvm-bench`.
 *
 * @packageDocumentation
 */

export { main } from "./cli/app.ts";
export { type ConformanceArgs, runConformance } from "./commands/conformance.ts";
