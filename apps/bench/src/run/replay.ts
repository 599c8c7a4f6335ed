import { performance } from "node:perf_hooks";
import type { Subject } from "@gpuvm/drivers";
import * as results from "@gpuvm/results";
import type { TraceSource } from "@gpuvm/workloads";
import { breathe } from "../cli/interrupt.ts";

/** What a replay is given by the process that it runs in: a clock, and turns for signals and the terminal. */
export const HERE: Pick<results.ReplayOptions, "now" | "breathe"> = { now: () => performance.now(), breathe };

/** Replays one trace on one subject, translated if need be, timed by this process's clock. */
export function replayOne(
  source: TraceSource,
  subject: Subject,
  options: Omit<results.ReplayOptions, "now" | "breathe">,
): Promise<results.Replayed> {
  return results.replayOne(source, subject, { ...options, ...HERE });
}
