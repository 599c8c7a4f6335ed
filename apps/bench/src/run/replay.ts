import { performance } from "node:perf_hooks";
import type { Subject } from "@gpuvm/drivers";
import * as results from "@gpuvm/results";
import type { TraceSource } from "@gpuvm/workloads";
import { breathe } from "../cli/interrupt.ts";
import { straightCopy } from "./straight.ts";

/** What a replay is given by the process that it runs in: a clock, and turns for signals and the terminal. */
export const HERE: Pick<results.ReplayOptions, "now" | "breathe"> = { now: () => performance.now(), breathe };

/**
 * Replays one trace on one subject, translated if need be, timed by this process's clock. Where nobody looks on, its calls are
 * plain functions; a replay in which a worker would have to wait is begun anew, with generators.
 */
export async function replayOne(
  source: TraceSource,
  subject: Subject,
  options: Omit<results.ReplayOptions, "now" | "breathe" | "copy">,
): Promise<results.Replayed> {
  const { audit, lockdep, sampler, signal } = options;
  const copy = audit || lockdep || sampler !== undefined ? undefined : await straightCopy(subject);
  if (copy !== undefined) {
    try {
      return await results.replayOne(source, subject, { ...options, ...HERE, copy });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof results.CannotHold) throw error;
      // Whatever it was: the plain way says it as it is.
    }
  }
  return results.replayOne(source, subject, { ...options, ...HERE });
}
