import { terminalTable } from "./table.ts";
import { wrapped } from "./wrapped.ts";

/** A table that fits, and what was left out for that. */
export interface Fitted {
  readonly table: string;
  /** Heads of the columns that did not fit, in the order of the table. */
  readonly dropped: readonly string[];
}

/** Labels are rather broken than columns left out, as long as they keep so many characters. */
const READABLE_LABEL = 24;

function narrowed(head: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const table = terminalTable(head, rows);
  const excess = widest(table) - width;
  const labels = Math.max(0, ...rows.map(([label = ""]) => label.length)) - excess;
  return excess > 0 && labels >= READABLE_LABEL ? terminalTable(head, rows, labels) : table;
}

function widest(table: string): number {
  return Math.max(...table.split("\n").map((line) => line.length));
}

/**
 * A table that is at most `width` wide. Long labels are broken, or columns left out, the least important first,
 * until it is, but never the first one.
 *
 * @param least heads in the order in which they may go; what is not among them stays
 */
export function fitted(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  least: readonly string[],
): Fitted {
  for (let gone = 0; ; gone++) {
    const dropped = least.slice(0, gone);
    const pick = (cells: readonly string[]) =>
      cells.filter((_, i) => i === 0 || !dropped.includes(head[i] ?? ""));
    const table = narrowed(pick(head), rows.map(pick), width);
    const fits = widest(table) <= width;
    if (fits || gone >= least.length)
      return { table, dropped: head.filter((name) => dropped.includes(name)) };
  }
}

/** `left out, as 60 columns hold no more: steps, depth`, or nothing. */
export function leftOut({ dropped }: Fitted, width: number): string[] {
  const text = `left out, as ${width} columns hold no more: ${dropped.join(", ")}`;
  return dropped.length === 0 ? [] : [wrapped(text, width, "  ")];
}
