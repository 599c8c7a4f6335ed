import { visible, visibleLine } from "@gpuvm/drm-model";
import { markdownCell } from "@gpuvm/trace";
import Table from "cli-table3";
import { folded } from "./wrapped.ts";

/**
 * A table for a terminal: a head, rows, and columns that are as wide as they must be. The first column is left-aligned; what
 * stands in it is broken at spaces where it is longer than `labels`.
 */
export function terminalTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  labels: number = Number.POSITIVE_INFINITY,
): string {
  const table = new Table({
    head: head.map(visible),
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: " ",
    },
  });
  for (const row of rows) {
    const [label = "", ...cells] = row.map(visibleLine);
    table.push([folded(label, labels), ...cells]);
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Labels are not broken into less. */
const LEAST_LABEL = 12;

/**
 * A table in as many parts as it takes for none to be wider than `width`, each with the first column. A part has at
 * least one column, however wide that is; where it leaves too little room, labels are broken.
 */
export function sideBySide(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const part = (from: number, to: number) => {
    const pick = (cells: readonly string[]) => [cells[0] ?? "", ...cells.slice(from, to)];
    const table = terminalTable(pick(head), rows.map(pick));
    if (to - from > 1 || fits(table)) return table;
    const figures = Math.max(...[head, ...rows].map((cells) => (cells[from] ?? "").length));
    return terminalTable(pick(head), rows.map(pick), Math.max(LEAST_LABEL, width - figures - 2));
  };
  const fits = (table: string) => table.split("\n").every((line) => line.length <= width);
  for (let columns = head.length - 1; columns > 0; columns--) {
    const parts: string[] = [];
    for (let from = 1; from < head.length; from += columns) parts.push(part(from, from + columns));
    if (columns === 1 || parts.every(fits)) return parts;
  }
  return [part(1, head.length)];
}

/** A GitHub-flavoured Markdown table. Words are left-aligned; of figures, all but the first column is right-aligned. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  of: "figures" | "words" = "figures",
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(" | ")} |`;
  const rule = `| ${head.map((_, i) => (i === 0 || of === "words" ? "---" : "---:")).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
