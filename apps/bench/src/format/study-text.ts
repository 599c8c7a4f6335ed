import type { Cell, Cost, Study } from "@gpuvm/study";
import {
  columnsOf,
  modelledRows,
  NINE,
  rowsOf,
  triedRows,
  unendedAnswer,
  unendedOf,
  workloadNamed,
} from "@gpuvm/study";
import { fitted, leftOut } from "./fitted.ts";
import { studyAnswer } from "./study-answer.ts";
import { sideBySide } from "./table.ts";
import { wrapped } from "./wrapped.ts";

/** The study for a terminal: the nine ways, the other drivers below, in tables that are no wider than it; the answer comes last. */
export function studyText(study: Study, costs: readonly Cost[], details: boolean, width = 100): string {
  const { params, cells, skipped } = study;
  const [first = [], second = []] = columnsOf(study);
  const lines: string[] = [];
  for (const ways of [first, second]) {
    if (ways.length === 0) continue;
    for (const table of sideBySide(["", ...ways], rowsOf(study, ways, false), width)) lines.push(table, "");
  }
  for (const { id, title } of study.workloads) lines.push(`${id.padEnd(4)}${title}`);
  lines.push("");
  for (const { id, subject, title } of NINE) {
    if (first.includes(id)) lines.push(`${id.padEnd(7)}${subject.padEnd(16)}${title}`);
  }
  const agree = cells.filter((cell) => cell.agrees === true).length;
  const differ = cells.filter((cell) => cell.agrees === false);
  const silent = cells.length - agree - differ.length;
  lines.push(
    "",
    `${cells.length} cells: ${agree} as the fact sheet says, ${differ.length} differ (!), of ${silent} it says nothing (.); ${skipped.length} cannot be run (-).`,
    `${params.flips} flips over ${params.buffers} buffers at ${params.hz} Hz, ${params.jobs} jobs of ${params.jobMs} ms. W3: maps / unmaps in the display's VM; W4: there and in the importer's; W11: locks per submit.`,
  );
  for (const cell of differ) lines.push(`  ! ${cell.workload} ${cell.way}: ${cell.reason}`);
  const modelled = modelledRows(study, costs);
  if (modelled.length > 0) {
    lines.push("", "Modelled, from quoted costs: W3, for each flip, and as a share of a frame", "");
    const table = fitted(["", "maps / unmaps", "per flip", "of a frame"], modelled, width, ["of a frame"]);
    lines.push(table.table, ...leftOut(table, width), "");
    for (const cost of costs) lines.push(`  ${cost.what} ${spanOf(cost)}: ${cost.source}`);
  }
  lines.push(...unendedLines(study, width));
  if (details)
    lines.push(
      "",
      ...cells.flatMap(detail),
      ...skipped.map((s) => `${s.workload} ${s.way}: not run: ${s.reason}`),
    );
  lines.push("", ...studyAnswer(study));
  const fits = lines.map((line) => (line.includes("\n") ? line : wrapped(line, width, "      ")));
  return `${fits.join("\n")}\n`;
}

/** The section on work that does not end; empty where nothing of it was run. */
function unendedLines(study: Study, width: number): string[] {
  const { rows, same } = triedRows(study);
  const answer = unendedAnswer(study);
  if (answer.length === 0) return [];
  const lines = [
    "",
    "When the work does not end: each variant under both ownerships, where that differs",
    "",
  ];
  const heads = ["", "held", ...unendedOf(study.workloads).map(({ id }) => id)];
  if (rows.length > 0) for (const table of sideBySide(heads, rows, width)) lines.push(table, "");
  if (same.length > 0) lines.push(`The same under both: ${same.join(", ")}.`, "");
  return [...lines, ...answer];
}

/** `4 to 6 ms`. */
export function spanOf({ low_ms, high_ms }: Cost): string {
  return low_ms === high_ms ? `${low_ms} ms` : `${low_ms} to ${high_ms} ms`;
}

function detail(cell: Cell): string[] {
  const claims = (cell.expected ?? []).map(({ says, basis }) => `    claimed: ${says} [${basis.join(", ")}]`);
  const says = workloadNamed(cell.workload).says?.(cell.outcome);
  const { tried } = cell;
  const other =
    tried === null ? [] : [`    held ${tried.ownership}: ${tried.word}: ${figuresOf(tried.outcome)}`];
  const verdict = cell.agrees === true ? "agrees" : cell.reason;
  return [
    `${cell.workload} ${cell.way} (${cell.policy}:${cell.variant}): ${cell.word}`,
    ...(says === undefined ? [] : [`    ${says}`]),
    `    measured: ${figuresOf(cell.outcome)}`,
    ...other,
    ...claims,
    `    ${verdict}`,
  ];
}

function figuresOf(outcome: Cell["outcome"]): string {
  return Object.entries(outcome)
    .map(([name, value]) => `${name} ${Number(value.toFixed(3))}`)
    .join(", ");
}
