import type { Cost, Study } from "@gpuvm/study";
import { columnsOf, modelledRows, NINE, rowsOf } from "@gpuvm/study";
import { spanOf } from "./study-text.ts";
import { markdownTable } from "./table.ts";

/** The study as Markdown. */
export function studyMarkdown(study: Study, costs: readonly Cost[]): string {
  const tables = columnsOf(study).map((columns) => studyTable(study, columns));
  const differ = study.cells.filter((cell) => cell.agrees === false);
  const lines = [...tables.flatMap((table) => [table, ""]), marksText(), ""];
  for (const cell of differ) lines.push(`- ${cell.workload} ${cell.way}: ${cell.reason}`);
  if (differ.length > 0) lines.push("");
  lines.push(costTable(study, costs), "", ...costs.map((c) => `- ${c.what} ${spanOf(c)}: ${c.source}`));
  return `${lines.join("\n")}\n`;
}

/** One table of the study. */
export function studyTable(study: Study, columns: readonly string[]): string {
  return markdownTable(["workload", ...columns], rowsOf(study, columns, true), "words");
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
