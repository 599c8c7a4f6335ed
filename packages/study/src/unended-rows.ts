import type { BoOwnership } from "@gpuvm/core";
import type { Subject } from "@gpuvm/drivers";
import type { Cell } from "./cell.ts";
import { DEFAULT_PARAMS, type StudyParams } from "./params.ts";
import { whySkipped } from "./reasons.ts";
import type { Study } from "./run-study.ts";
import { WORKLOADS } from "./workloads/all.ts";
import type { Outcome, Workload } from "./workloads/workload.ts";

const OWNERSHIPS: readonly BoOwnership[] = ["hard", "soft"];

/** The workloads of a study whose work does not end. */
export function unendedOf(workloads: readonly Workload[]): Workload[] {
  return workloads.filter(({ unended }) => unended === true);
}

/** What a cell came to under an ownership, in a word; null: it was not run so. */
function wordUnder({ ownership, word, tried }: Cell, wanted: BoOwnership): string | null {
  return ownership === wanted ? word : tried?.ownership === wanted ? tried.word : null;
}

/** A row for each workload whose work does not end: what it came to, held hard and held soft, the most frequent first. */
export function unendedRows(study: Study): string[][] {
  return unendedOf(study.workloads).flatMap(({ id, title }) => {
    const cells = study.cells.filter((cell) => cell.workload === id && cell.tried !== null);
    if (cells.length === 0) return [];
    return [[`${id} ${title}`, ...OWNERSHIPS.map((ownership) => grouped(cells, ownership))]];
  });
}

function grouped(cells: readonly Cell[], ownership: BoOwnership): string {
  const counts = new Map<string, number>();
  for (const cell of cells) {
    const word = wordUnder(cell, ownership);
    if (word !== null) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([word, n]) => `${word} (${n})`)
    .join("; ");
}

/** Two rows for each way that differs under the other ownership, and the ways that do not. */
export function triedRows(study: Study): { readonly rows: string[][]; readonly same: string[] } {
  const workloads = unendedOf(study.workloads);
  const rows: string[][] = [];
  const same: string[] = [];
  for (const way of new Set(study.cells.map((cell) => cell.way))) {
    const cells = workloads.map(({ id }) =>
      study.cells.find((cell) => cell.workload === id && cell.way === way && cell.tried !== null),
    );
    const run = cells.filter((cell) => cell !== undefined);
    if (run.length === 0) continue;
    if (run.every(({ word, tried }) => word === tried?.word)) {
      same.push(way);
      continue;
    }
    for (const ownership of OWNERSHIPS) {
      const own = run.some((cell) => cell.ownership === ownership);
      const words = cells.map((cell) => (cell === undefined ? "-" : (wordUnder(cell, ownership) ?? "-")));
      rows.push([way, own ? ownership : `${ownership}, tried`, ...words]);
    }
  }
  return { rows, same };
}

/** What one variant comes to under one ownership where work does not end. */
export interface Ending {
  readonly workload: string;
  readonly title: string;
  /** In a word; `-`: it cannot be run. */
  readonly word: string;
  /** In a sentence, without its end; or why it cannot be run. */
  readonly says: string;
  /** What was measured; null: it cannot be run. */
  readonly outcome: Outcome | null;
}

/** Runs the workloads whose work does not end on a variant, held as asked. */
export function endingsOf(
  subject: Subject,
  boOwnership: BoOwnership,
  params: StudyParams = DEFAULT_PARAMS,
): Ending[] {
  return unendedOf(WORKLOADS).map((workload): Ending => {
    const { id, title } = workload;
    const outcome = workload.run({ ...subject, boOwnership }, params);
    if (typeof outcome === "string") {
      const says = `not told: ${whySkipped(subject.driver.name, outcome)}`;
      return { workload: id, title, word: "-", says, outcome: null };
    }
    const word = workload.word(outcome, params);
    return { workload: id, title, word, says: workload.says?.(outcome) ?? word, outcome };
  });
}
