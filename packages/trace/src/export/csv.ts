import { visible } from "@gpuvm/drm-model";
import type { Cell, Table } from "./table.ts";

/** What a spreadsheet would run as a formula, also in the wide forms that some of them take. */
const FORMULA = /^[=+\-@\t\uff1d\uff0b\uff0d\uff20]/;

/** A number as text, or the dash that stands for nothing: neither is a formula. */
const HARMLESS = /^-?(?:[0-9]+(?:\.[0-9]+)?)?$/;

function quote(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "string") return String(cell);
  const shown = visible(cell);
  // With an apostrophe before it, a spreadsheet takes it for text.
  const text = FORMULA.test(shown) && !HARMLESS.test(shown) ? `'${shown}` : shown;
  return text.includes('"') || /[,\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * One row as RFC 4180 has it, but ending in a newline alone. A text that a spreadsheet would run gets an apostrophe before it,
 * and control characters are written out (`\u001b`): names in a trace are anybody's.
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
