import type { AddressSpace } from "@gpuvm/results";
import { bytes, count } from "@gpuvm/results";
import { escapeHtml } from "./html.ts";
import { type Alike, alike, type Entry, list, type Panel } from "./panel.ts";
import { WIDTH } from "./plot.ts";

const COLUMNS = 96;
const CELL = WIDTH / COLUMNS;
const ROW = 8;
/** Begins of mappings in a cell from which on it is crowded. */
const CROWDED = 4;

/** The fullest address space, cell by cell. */
export function addressPanel(entries: readonly Entry[]): Panel {
  const groups = alike(entries, ({ portrait }) => portrait.address_space?.zones);
  const drawn = groups.filter(({ entry }) => entry.portrait.address_space !== null);
  const space = drawn[0]?.entry.portrait.address_space ?? null;
  const head = [
    "policy",
    "VM",
    "at",
    "mappings",
    "mapped",
    "zones",
    "holes",
    "in holes",
    "largest hole",
    "median length",
  ];
  const rows = entries.map(({ name, portrait: { address_space: s } }) =>
    s === null
      ? [name, "nothing mapped", ...Array<string>(head.length - 2).fill("")]
      : [
          name,
          s.vm,
          `${(s.at_ms / 1000).toFixed(1)} s`,
          count(s.mappings),
          bytes(s.mapped_bytes),
          count(s.zones.length),
          count(s.holes.n),
          bytes(s.holes.bytes),
          bytes(s.holes.largest_bytes),
          bytes(2 ** median(s)),
        ],
  );
  if (space === null) {
    return { title: "Nothing was ever mapped", note: "", picture: "", head, rows };
  }
  const whose = drawn.length > 1 ? `Under ${list(drawn[0]?.names ?? [])}, ` : "";
  const title = `${whose}${count(space.mappings)} mappings lie in ${zones(space)} with ${holes(space)}; the median is ${bytes(2 ** median(space))} long`;
  return {
    title,
    note: "Address space at its fullest, read like text: a cell is mapped where it is coloured, paler where only in part, stronger where many mappings begin; large gaps are left out",
    picture: pictures(drawn, title),
    head,
    rows,
  };
}

function zones(s: AddressSpace): string {
  return s.zones.length === 1 ? "one zone" : `${s.zones.length} zones`;
}

function holes(s: AddressSpace): string {
  if (s.holes.n === 0) return "no hole";
  return `${count(s.holes.n)} ${s.holes.n === 1 ? "hole" : "holes"} (${bytes(s.holes.bytes)})`;
}

/** The power of two that the median length reaches. */
function median(s: AddressSpace): number {
  let seen = 0;
  for (const [log2, n] of s.lengths) {
    seen += n;
    if (seen * 2 >= s.mappings) return log2;
  }
  return 0;
}

function pictures(groups: readonly Alike[], label: string): string {
  const parts: string[] = [];
  let y = 0;
  for (const { names, colour, entry } of groups) {
    const space = entry.portrait.address_space as AddressSpace;
    y += 16;
    parts.push(text(0, y - 4, `${list(names)}: 1 cell = ${bytes(space.cell_bytes)}`, true));
    for (const zone of space.zones) {
      y += 12;
      parts.push(text(0, y - 2, zone.start, false));
      const rows = Math.ceil(zone.fill.length / COLUMNS);
      const last = zone.fill.length - (rows - 1) * COLUMNS;
      parts.push(frame(y, rows, last));
      parts.push(cells(zone.fill, zone.begins, y, colour));
      y += rows * ROW + 4;
    }
    y += 6;
  }
  return `<svg viewBox="0 0 ${WIDTH} ${Math.ceil(y)}" role="img" aria-label="${escapeHtml(label)}" font-size="11" fill="currentColor">${parts.join("")}</svg>`;
}

function text(x: number, y: number, content: string, strong: boolean): string {
  const style = strong ? ' font-weight="600"' : ' font-size="9" font-family="monospace" opacity="0.7"';
  return `<text x="${x}" y="${y}"${style}>${escapeHtml(content)}</text>`;
}

/** The zone's own area, so that holes are seen as such. */
function frame(y: number, rows: number, last: number): string {
  const full = rows > 1 ? `<rect x="0" y="${y}" width="${WIDTH}" height="${(rows - 1) * ROW}"/>` : "";
  const tail = `<rect x="0" y="${y + (rows - 1) * ROW}" width="${round(last * CELL)}" height="${ROW}"/>`;
  return `<g fill="var(--hole)">${full}${tail}</g>`;
}

/** Neighbouring cells that look the same are one rectangle. */
function cells(fill: string, begins: string, y: number, colour: string): string {
  const out: string[] = [];
  for (let at = 0; at < fill.length; ) {
    const row = Math.floor(at / COLUMNS);
    const look = lookOf(fill, begins, at, colour);
    let to = at + 1;
    const end = Math.min(fill.length, (row + 1) * COLUMNS);
    while (to < end && lookOf(fill, begins, to, colour) === look) to++;
    if (look !== null) {
      const x = round((at - row * COLUMNS) * CELL);
      const width = round((to - at) * CELL);
      out.push(`<rect x="${x}" y="${y + row * ROW}" width="${width}" height="${ROW - 1}"${look}/>`);
    }
    at = to;
  }
  return `<g fill="${colour}">${out.join("")}</g>`;
}

/** Attributes of a cell; null for a hole. */
function lookOf(fill: string, begins: string, at: number, colour: string): string | null {
  const share = Number(fill[at]);
  if (share === 0) return null;
  if (Number(begins[at]) >= CROWDED) return ` fill="color-mix(in srgb,${colour} 45%,var(--ink))"`;
  return share >= 7 ? "" : ` opacity="${(0.35 + (0.5 * share) / 8).toFixed(2)}"`;
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}
