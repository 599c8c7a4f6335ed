/**
 * Request streams to replay: generated ones that imitate recorded programs, and those that a dump or trace of another format comes to.
 *
 * @example
 * ```ts
 * import { openWorkload } from "@gpuvm/workloads";
 * const game = openWorkload("game:seconds=1", 1); // the same seed gives the same requests
 * let requests = 0;
 * for await (const batch of game.batches()) requests += batch.length;
 * console.assert(requests > 100);
 * ```
 *
 * @packageDocumentation
 */

export { WORKLOADS } from "./catalogue.ts";
export { type ImportedTrace, importTrace, type Open } from "./imported/import-trace.ts";
export { type ChosenWorkload, chosenWorkload, openWorkload } from "./open-workload.ts";
export type { Random } from "./random.ts";
export { sourceOf, type TraceSource } from "./source.ts";
export { type Stat, TraceStats } from "./trace-stats.ts";
export type { Parameter, Workload } from "./workload.ts";
