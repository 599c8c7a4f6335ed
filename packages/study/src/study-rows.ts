import { subjectName } from "@gpuvm/drivers";
import type { Cell } from "./cell.ts";
import { type Cost, modelledFlip } from "./costs.ts";
import { NINE, wayOf } from "./nine.ts";
import type { Study } from "./run-study.ts";
import type { Workload } from "./workloads/workload.ts";

/** Beside a cell: nothing where it is as the fact sheet says. */
export const MARKS = { agrees: "", differs: " !", unclaimed: " ." } as const;

/** The columns of the two tables: the nine ways, and the other drivers' variants. */
export function columnsOf(study: Study): readonly (readonly string[])[] {
  const ways = study.subjects.map((subject) => wayOf(subjectName(subject)));
  const nine = ways.filter((way) => NINE.some(({ id }) => id === way));
  return [nine, ways.filter((way) => !nine.includes(way))].filter((columns) => columns.length > 0);
}

/** A row for each workload (default: every one of the study), a cell for each column. */
export function rowsOf(
  study: Study,
  columns: readonly string[],
  title: boolean,
  workloads: readonly Workload[] = study.workloads,
): string[][] {
  return workloads.map((workload) => [
    title ? `${workload.id} ${workload.title}` : workload.id,
    ...columns.map((way) => {
      const cell = study.cells.find((c) => c.workload === workload.id && c.way === way);
      return cell === undefined ? "-" : cell.word + markOf(cell);
    }),
  ]);
}

/** A row for each workload: what the cells of each column stand on, with the driver's own answers where there are any. */
export function evidenceRows(study: Study, columns: readonly string[]): string[][] {
  return study.workloads.map(({ id }) => [
    id,
    ...columns.map((way) => {
      const cell = study.cells.find((c) => c.workload === id && c.way === way);
      if (cell === undefined) return "-";
      const { standing, answers } = cell.evidence;
      return answers === null ? standing : `${standing}: \`${answers}\``;
    }),
  ]);
}

/** How a cell stands to the fact sheet. */
export function markOf({ agrees }: Cell): string {
  return agrees === null ? MARKS.unclaimed : agrees ? MARKS.agrees : MARKS.differs;
}

/** Columns that come to the same as an earlier one in each row, with that one; and the rest. */
export function sameColumns(
  study: Study,
  columns: readonly string[],
  workloads: readonly Workload[],
): { readonly differ: string[]; readonly same: (readonly [way: string, as: string])[] } {
  const wordsOf = (way: string) =>
    workloads
      .map(({ id }) => study.cells.find((c) => c.workload === id && c.way === way)?.word ?? "-")
      .join("|");
  const differ: string[] = [];
  const same: [string, string][] = [];
  for (const way of columns) {
    const as = differ.find((other) => wordsOf(other) === wordsOf(way));
    if (as === undefined) differ.push(way);
    else same.push([way, as]);
  }
  return { differ, same };
}

/** Workloads in which those of the columns that can run them differ; and the others. */
export function sameWorkloads(
  study: Study,
  columns: readonly string[],
  workloads: readonly Workload[],
): { readonly differ: Workload[]; readonly same: Workload[] } {
  const wordsOf = ({ id }: Workload) =>
    new Set(
      study.cells.flatMap(({ workload, way, word }) =>
        workload === id && columns.includes(way) ? [word] : [],
      ),
    );
  return {
    differ: workloads.filter((workload) => wordsOf(workload).size > 1),
    same: workloads.filter((workload) => wordsOf(workload).size <= 1),
  };
}

/** Modelled time of W3: ways that come to the same, maps and unmaps, per flip, share of a frame. */
export function modelledRows(study: Study, costs: readonly Cost[]): string[][] {
  const rows = new Map<string, { readonly ways: string[]; readonly figures: readonly string[] }>();
  for (const cell of study.cells) {
    const flip = modelledFlip(cell.outcome, costs, study.params.hz);
    if (flip === null || cell.workload !== "W3") continue;
    const range = (low: number, high: number, digits: number, unit: string) =>
      low.toFixed(digits) === high.toFixed(digits)
        ? `${low.toFixed(digits)}${unit}`
        : `${low.toFixed(digits)} to ${high.toFixed(digits)}${unit}`;
    const { scanout_maps = 0, scanout_unmaps = 0 } = cell.outcome;
    const figures = [
      `${scanout_maps} / ${scanout_unmaps}`,
      range(flip.low_ms, flip.high_ms, 2, " ms"),
      range(100 * flip.low, 100 * flip.high, 1, " %"),
    ];
    const row = rows.get(figures.join()) ?? { ways: [], figures };
    row.ways.push(cell.way);
    rows.set(figures.join(), row);
  }
  return [...rows.values()].map(({ ways, figures }) => [ways.join(", "), ...figures]);
}
