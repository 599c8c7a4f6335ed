import type { Cell, Table } from "./table.ts";

function quote(cell: Cell | undefined): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return text.includes('"') || /[,\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * One row as RFC 4180 has it, but ending in a newline alone.
 *
 * @example
 * ```ts
 * import { csvRow } from "@gpuvm/trace";
 * csvRow(["a", 1, 'say "hi"']); // 'a,1,"say ""hi"""\n'
 * ```
 */
export function csvRow(cells: readonly Cell[]): string {
  return `${cells.map(quote).join(",")}\n`;
}

/** A table with its columns' names in the first row. */
export function csv(table: Table): string {
  let out = csvRow(table.columns);
  for (const row of table.rows) out += csvRow(row);
  return out;
}
