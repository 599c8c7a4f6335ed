import { type Subject, subjectName } from "@gpuvm/drivers";
import { unknownName } from "@gpuvm/drm-model";
import { type Cell, runCell, type Skipped } from "./cell.ts";
import type { StudyParams } from "./params.ts";
import { WORKLOADS } from "./workloads/all.ts";
import type { Workload } from "./workloads/workload.ts";

/** A finished study. */
export interface Study {
  /** What it was run with. */
  readonly params: StudyParams;
  /** The workloads, in order. */
  readonly workloads: readonly Workload[];
  /** Every variant, in order. */
  readonly subjects: readonly Subject[];
  /** Every cell that could be run. */
  readonly cells: readonly Cell[];
  /** Every cell that could not, with the reason. */
  readonly skipped: readonly Skipped[];
}

/** Runs workloads (none named: all) on variants. */
export function runStudyOn(
  subjects: readonly Subject[],
  names: readonly string[],
  params: StudyParams,
  onCell: (done: number, what: string) => void = () => {},
): Study {
  const workloads = names.length === 0 ? WORKLOADS : names.map(workloadNamed);
  const cells: Cell[] = [];
  const skipped: Skipped[] = [];
  for (const workload of workloads) {
    for (const subject of subjects) {
      onCell(cells.length + skipped.length, `${workload.id} on ${subjectName(subject)}`);
      const cell = runCell(workload, subject, params);
      if ("outcome" in cell) cells.push(cell);
      else skipped.push(cell);
    }
  }
  return { params, workloads, subjects, cells, skipped };
}

/** The workload with a name. */
export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.find(({ id }) => id.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    throw unknownName(
      "workload",
      name,
      WORKLOADS.map(({ id }) => id),
    );
  }
  return found;
}
