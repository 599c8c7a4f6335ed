import { visible } from "@gpuvm/drm-model";
import type { Cell, Table } from "./table.ts";

/**
 * A value as the text of one cell, or of any one line of Markdown: names in a trace are anybody's, and neither break the table
 * nor begin HTML, nor act on a terminal.
 */
export function markdownCell(cell: Cell | undefined): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  // A bar would end the cell, a newline the row, an angle begin HTML; a backslash would escape what is added here.
  return visible(text.replaceAll(/\r?\n|\r/g, " "))
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");
}

/** A Markdown table; columns that hold nothing but numbers are aligned to the right. */
export function markdown(table: Table): string {
  const rows = [...table.rows];
  const numeric = table.columns.map(
    (_, i) => rows.length > 0 && rows.every((r) => typeof r[i] === "number" || typeof r[i] === "bigint"),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  let out = line(table.columns.map(markdownCell)) + line(numeric.map((n) => (n ? "---:" : "---")));
  for (const row of rows) out += line(table.columns.map((_, i) => markdownCell(row[i])));
  return out;
}
