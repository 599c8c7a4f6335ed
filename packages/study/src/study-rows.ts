import { subjectName } from "@gpuvm/drivers";
import type { Cell } from "./cell.ts";
import { type Cost, modelledFlip } from "./costs.ts";
import { NINE, wayOf } from "./nine.ts";
import type { Study } from "./run-study.ts";

/** Beside a cell: nothing where it is as the fact sheet says. */
export const MARKS = { agrees: "", differs: " !", unclaimed: " ." } as const;

/** The columns of the two tables: the nine ways, and the other drivers' variants. */
export function columnsOf(study: Study): readonly (readonly string[])[] {
  const ways = study.subjects.map((subject) => wayOf(subjectName(subject)));
  const nine = ways.filter((way) => NINE.some(({ id }) => id === way));
  return [nine, ways.filter((way) => !nine.includes(way))].filter((columns) => columns.length > 0);
}

/** A row for each workload, a cell for each column. */
export function rowsOf(study: Study, columns: readonly string[], title: boolean): string[][] {
  return study.workloads.map((workload) => [
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

/** Modelled time of the display workloads: workload, way, per flip, share of a frame. */
export function modelledRows(study: Study, costs: readonly Cost[]): string[][] {
  return study.cells.flatMap((cell) => {
    const flip = modelledFlip(cell.outcome, costs, study.params.hz);
    if (flip === null || cell.workload !== "W3") return [];
    const range = (low: number, high: number, digits: number, unit: string) =>
      low.toFixed(digits) === high.toFixed(digits)
        ? `${low.toFixed(digits)}${unit}`
        : `${low.toFixed(digits)} to ${high.toFixed(digits)}${unit}`;
    const { scanout_maps = 0, scanout_unmaps = 0 } = cell.outcome;
    return [
      [
        cell.way,
        `${scanout_maps} / ${scanout_unmaps}`,
        range(flip.low_ms, flip.high_ms, 2, " ms"),
        range(100 * flip.low, 100 * flip.high, 1, " %"),
      ],
    ];
  });
}
