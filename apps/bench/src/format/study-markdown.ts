import type { Cost, Study, Workload } from "@gpuvm/study";
import {
  columnsOf,
  modelledRows,
  NINE,
  rowsOf,
  triedRows,
  unendedAnswer,
  unendedOf,
  unendedRows,
} from "@gpuvm/study";
import { spanOf } from "./study-text.ts";
import { markdownTable } from "./table.ts";

/** The study as Markdown. */
export function studyMarkdown(study: Study, costs: readonly Cost[]): string {
  const tables = columnsOf(study).map((columns) => studyTable(study, columns));
  const differ = study.cells.filter((cell) => cell.agrees === false);
  const lines = [...tables.flatMap((table) => [table, ""]), marksText(), ""];
  for (const cell of differ) lines.push(`- ${cell.workload} ${cell.way}: ${cell.reason}`);
  if (differ.length > 0) lines.push("");
  const answer = unendedAnswer(study);
  if (answer.length > 0)
    lines.push("## When the work does not end", "", unendedTable(study), "", answer.join(" "), "");
  lines.push(costTable(study, costs), "", ...costs.map((c) => `- ${c.what} ${spanOf(c)}: ${c.source}`));
  return `${lines.join("\n")}\n`;
}

/** One table of the study; `workloads` default: every one. */
export function studyTable(
  study: Study,
  columns: readonly string[],
  workloads: readonly Workload[] = study.workloads,
): string {
  return markdownTable(["workload", ...columns], rowsOf(study, columns, true, workloads), "words");
}

/** What soft and hard ownership came to where work does not end. */
export function unendedTable(study: Study): string {
  return markdownTable(["workload", "held hard", "held soft"], unendedRows(study), "words");
}

/** Each variant under both ownerships, where that differs. */
export function triedTable(study: Study): string {
  const { rows, same } = triedRows(study);
  const heads = ["way", "held", ...unendedOf(study.workloads).map(({ id }) => id)];
  const alike = same.length === 0 ? "" : `The same under both: ${same.join(", ")}.`;
  return [rows.length === 0 ? "" : markdownTable(heads, rows, "words"), alike].filter(Boolean).join("\n\n");
}

/** What the nine ways are. */
export function waysTable(): string {
  return markdownTable(
    ["way", "variant", "what it is"],
    NINE.map(({ id, subject, title }) => [id, `\`${subject}\``, title]),
    "words",
  );
}

/** Modelled time of W3. */
export function costTable(study: Study, costs: readonly Cost[]): string {
  return markdownTable(
    ["W3", "maps / unmaps", "per flip, modelled", "of a frame, modelled"],
    modelledRows(study, costs),
  );
}

/** What the marks beside cells mean. */
export function marksText(): string {
  return "`-`: cannot be run. `.`: the fact sheet says nothing here, measured only. `!`: not as the fact sheet says.";
}
