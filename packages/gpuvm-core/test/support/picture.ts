import type { Written } from "./notation.ts";

/** One line of a picture: a name and the mappings on it. */
export interface Row {
  readonly name: string;
  readonly mappings: readonly Written[];
}

function label({ obj, offset }: Written): string {
  if (obj === "") return "";
  const signed = BigInt.asIntN(64, offset);
  return `${obj}@${signed < 0n ? `-${-signed}` : signed}`;
}

/** Where each address stands, far enough apart for every label and every address to fit. */
function columns(rows: readonly Row[]): Map<bigint, number> {
  const mappings = rows.flatMap((row) => row.mappings);
  const addrs = [...new Set(mappings.flatMap((m) => [m.addr, m.end]))].sort((a, b) => (a < b ? -1 : 1));
  const at = new Map<bigint, number>();
  let column = 0;
  addrs.forEach((addr, i) => {
    const before = addrs[i - 1];
    if (before !== undefined) {
      const scale = Number(addr - before) * 2;
      column = (at.get(before) as number) + Math.max(scale, String(before).length + 1);
      for (const m of mappings) {
        if (m.end === addr) column = Math.max(column, (at.get(m.addr) ?? column) + label(m).length + 2);
      }
    }
    at.set(addr, column);
  });
  return at;
}

/**
 * Draws mappings as boxes, one row per list, over a scale of the addresses at which something begins or ends:
 *
 * ```text
 *          10    13    16      20
 * old      |A@5                |
 * request        |B@0  |
 * new      |A@5  |B@0  |A@11   |
 * ```
 */
export function picture(rows: readonly Row[]): string {
  const at = columns(rows);
  const left = Math.max(...rows.map((row) => row.name.length)) + 2;
  const lines = [[...at].reduce((line, [addr, column]) => line.padEnd(left + column) + addr, "")];
  for (const { name, mappings } of rows) {
    let line = name;
    for (const m of mappings) {
      const from = left + (at.get(m.addr) as number);
      const to = left + (at.get(m.end) as number);
      if (from === to) line = `${line.padEnd(from)}|${label(m)}`;
      else line = `${`${line.padEnd(from).slice(0, from)}|${label(m)}`.padEnd(to)}|`;
    }
    lines.push(line);
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}
