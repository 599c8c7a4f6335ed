import { styleText } from "node:util";
import { subjectName } from "../policies.ts";
import type { Column, Comparison } from "../run/comparison.ts";
import { ROWS } from "../run/rows.ts";
import { sentence } from "../run/sentence.ts";
import { markdownTable, terminalTable } from "./table.ts";

/** The two blocks of a comparison: what was recorded for a driver, and what was translated for it. */
const BLOCKS = [
  { translated: false, title: "native: each driver replays the traces recorded on its own interface" },
  {
    translated: true,
    title: "translated: the other drivers' traces, as a well-behaved program would ask it of this one",
  },
] as const;

function cells(columns: readonly Column[]): string[][] {
  return ROWS.map((row) => [
    row.label,
    ...columns.map((column) => (column.runs.length === 0 ? "" : row.cell(column))),
  ]);
}

function blocks(comparison: Comparison): { title: string; head: string[]; rows: string[][] }[] {
  return BLOCKS.flatMap(({ translated, title }) => {
    const columns = comparison.columns(translated);
    if (columns.every((column) => column.runs.length === 0)) return [];
    const head = ["", ...columns.map((c) => `${subjectName(c.subject)}\n${c.subject.boOwnership}`)];
    return [{ title, head, rows: cells(columns) }];
  });
}

/** The comparison for a terminal: fits a screen with five policies. */
export function comparisonText(comparison: Comparison, colour: boolean): string {
  const strong = (text: string) => (colour ? styleText("bold", text, { validateStream: false }) : text);
  const parts = blocks(comparison).map(
    ({ title, head, rows }) => `${strong(title)}\n${terminalTable(head, rows)}`,
  );
  return `${parts.join("\n\n")}\n\n${strong(sentence(comparison))}\n`;
}

/** The same as Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  const parts = blocks(comparison).map(({ title, head, rows }) => {
    return `### ${title}\n\n${markdownTable(
      head.map((cell) => cell.replace("\n", " ")),
      rows,
    )}`;
  });
  return `${parts.join("\n\n")}\n\n${sentence(comparison)}\n`;
}
