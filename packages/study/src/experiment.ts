import type { Subject } from "@gpuvm/drivers";
import { type Cell, runCell, type Skipped } from "./cell.ts";
import type { Did } from "./did.ts";
import type { StudyParams } from "./params.ts";
import { workloadNamed } from "./run-study.ts";
import type { Stage } from "./stage.ts";
import type { Workload } from "./workloads/workload.ts";

/** One thing that was done for a cell, and what was to be seen then. */
export interface ExperimentStep<T> extends Did {
  /** Which of the workload's runs, each on a device of its own, from 0. */
  readonly run: number;
  /** What is different in this run; empty where there is one only. */
  readonly title: string;
  /** Virtual time behind it, in milliseconds. */
  readonly at_ms: number;
  /** What the caller looked at. */
  readonly seen: T;
}

/** The experiment behind a cell of the study. */
export interface Experiment<T> {
  readonly workload: Workload;
  /** The same as without anybody who watches. */
  readonly cell: Cell | Skipped;
  /** What was done, in order; empty where the variant cannot run it. */
  readonly steps: readonly ExperimentStep<T>[];
}

/**
 * Runs the cell of a workload and a variant again, and looks at the stage after each thing that was done.
 *
 * @throws UsageError for a workload that is none
 */
export function experimentOf<T>(
  name: string,
  subject: Subject,
  params: StudyParams,
  look: (stage: Stage) => T,
): Experiment<T> {
  const workload = workloadNamed(name);
  const steps: ExperimentStep<T>[] = [];
  const stages: Stage[] = [];
  const cell = runCell(workload, subject, params, (did, stage) => {
    if (stages.at(-1) !== stage) stages.push(stage);
    const { title, ms } = stage;
    steps.push({ ...did, run: stages.length - 1, title, at_ms: ms, seen: look(stage) });
  });
  return { workload, cell, steps: "outcome" in cell ? steps : [] };
}
