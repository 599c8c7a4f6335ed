import type { Subject } from "@gpuvm/drivers";
import type { StudyParams } from "../params.ts";
import type { StageWatch } from "../stage.ts";

/** The name of a workload in the fact sheet. */
export type WorkloadId = `W${number}`;

/** What was measured: counts, and modelled milliseconds where the name ends in `_ms`. */
export type Outcome = Readonly<Record<string, number>>;

/** A workload that every variant is asked to run. */
export interface Workload {
  /** `W1`. */
  readonly id: WorkloadId;
  /** A few words. */
  readonly title: string;
  /** What the programs do. */
  readonly does: string;
  /** Work of it may not end: it is run under the other ownership, too. */
  readonly unended?: true;
  /** Runs it, or says why this variant cannot; `watch` is told of each thing that is done. */
  run(subject: Subject, params: StudyParams, watch?: StageWatch): Outcome | string;
  /** The outcome in one sentence without its end, computed from the figures; absent: the figures have to do. */
  readonly says?: (outcome: Outcome) => string;
  /** The outcome in a word, for a cell of at most 12 characters. */
  word(outcome: Outcome, params: StudyParams): string;
}

/** Why a variant without PRIME cannot run a workload of two processes. */
export const NOT_SHARED = "the model of this driver shares no buffers between processes";

/** Why a variant cannot run a workload whose job never ends. */
export const NO_HANG =
  "the model of this driver has no job that never ends: who takes such a job off its GPU, and when, is not in it";

/** Why a variant cannot run a workload in which memory is short. */
export const NO_EVICTION =
  "the model of this driver takes no memory away: it has no shrinker, and no memory of its own";

/** A figure of an outcome; 0 where it was not measured. */
export function figure(outcome: Outcome, name: string): number {
  return outcome[name] ?? 0;
}

/** `10 ms`, `1.5 s`: modelled time, short. */
export function span(ms: number): string {
  return ms >= 1000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Number(ms.toFixed(1))} ms`;
}
