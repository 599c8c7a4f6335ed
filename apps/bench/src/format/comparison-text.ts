import { styleText } from "node:util";
import { visible, visibleLine } from "@gpuvm/drm-model";
import type { Column, Comparison } from "@gpuvm/results";
import { ROWS, relativeRow, sentence } from "@gpuvm/results";
import { markdownTable, sideBySide } from "./table.ts";
import { wrapped } from "./wrapped.ts";

/** The two blocks of a comparison: what was recorded for a driver, and what was translated for it. */
const BLOCKS = [
  { translated: false, title: "NATIVE: traces recorded on the driver's own interface" },
  {
    translated: true,
    title: "TRANSLATED: other traces, as a well-behaved program would ask it of this driver",
  },
] as const;

function cells(columns: readonly Column[], reference: string | undefined): string[][] {
  const rows = reference === undefined ? ROWS : [...ROWS, relativeRow(reference)];
  return rows.map((row) => [
    row.label,
    ...columns.map((column) => (column.runs.length === 0 ? without(column, row.label) : row.cell(column))),
  ]);
}

/** A column of no runs says once that there could be none. */
function without(column: Column, label: string): string {
  return column.refusals.length > 0 && label === ROWS[0]?.label ? "cannot hold" : "";
}

/** Driver, variant and ownership; in capitals the ownership that is not the driver's own. */
function titleOf({ subject }: Column): string[] {
  const own = subject.variant.policy.boOwnership === subject.boOwnership;
  const ownership = own ? subject.boOwnership : subject.boOwnership.toUpperCase();
  return [subject.driver.name, subject.variantName, ownership].map(visibleLine);
}

function blocks(comparison: Comparison): { title: string; head: string[]; rows: string[][] }[] {
  return BLOCKS.flatMap(({ translated, title }) => {
    const columns = comparison.columns(translated);
    if (columns.every((column) => column.runs.length === 0)) return [];
    const head = ["", ...columns.map((c) => titleOf(c).join("\n"))];
    return [{ title, head, rows: cells(columns, comparison.reference) }];
  });
}

/**
 * The comparison for a terminal. Where the columns do not fit side by side they stand below each other, none is left out.
 *
 * @param width columns of the terminal
 */
export function comparisonText(comparison: Comparison, colour: boolean, width: number): string {
  const strong = (text: string) =>
    colour ? styleText("bold", visible(text), { validateStream: false }) : text;
  const parts = blocks(comparison).flatMap(({ title, head, rows }) => {
    const tables = sideBySide(head, rows, width);
    return tables.map((table, i) => {
      const which = tables.length === 1 ? "" : ` (table ${i + 1} of ${tables.length})`;
      return `${strong(wrapped(`${title}${which}`, width))}\n${table}`;
    });
  });
  return `${parts.join("\n\n")}\n\n${strong(wrapped(sentence(comparison), Math.min(width, 98)))}\n`;
}

/** The same as Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  const parts = blocks(comparison).map(({ title, head, rows }) => {
    return `### ${title}\n\n${markdownTable(
      head.map((cell) => cell.replaceAll("\n", " ")),
      rows,
    )}`;
  });
  return `${parts.join("\n\n")}\n\n${sentence(comparison)}\n`;
}
