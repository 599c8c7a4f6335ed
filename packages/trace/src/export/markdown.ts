import type { Cell, Table } from "./table.ts";

function cellText(cell: Cell | undefined): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  // A bar would end the cell, a newline the row.
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll(/\r?\n|\r/g, " ");
}

/** A Markdown table; columns that hold nothing but numbers are aligned to the right. */
export function markdown(table: Table): string {
  const rows = [...table.rows];
  const numeric = table.columns.map(
    (_, i) => rows.length > 0 && rows.every((r) => typeof r[i] === "number" || typeof r[i] === "bigint"),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  let out = line(table.columns.map(cellText)) + line(numeric.map((n) => (n ? "---:" : "---")));
  for (const row of rows) out += line(table.columns.map((_, i) => cellText(row[i])));
  return out;
}
