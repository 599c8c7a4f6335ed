import type { Cell, Snapshot } from "@gpuvm/trace";

/** Columns of a dump as a table: one row for each thing it tells. */
export const SNAPSHOT_COLUMNS: readonly string[] = [
  "kind",
  "space",
  "name",
  "va",
  "length_bytes",
  "object",
  "offset_bytes",
  "size_bytes",
  "properties",
];

/** The row of one thing. */
export function snapshotRow(s: Snapshot): readonly Cell[] {
  const hex = (n: bigint | undefined): Cell => (n === undefined ? null : `0x${n.toString(16)}`);
  const rest = (of: Readonly<Record<string, string>> | undefined): Cell =>
    of === undefined
      ? null
      : Object.entries(of)
          .map(([key, value]) => (value === "" ? key : `${key}=${value}`))
          .join(" ");
  switch (s.type) {
    case "space":
      return [s.type, s.space, s.name, hex(s.start), s.end - s.start, null, null, null, null];
    case "mapping":
      return [
        s.type,
        s.space,
        null,
        hex(s.va),
        s.length,
        hex(s.object),
        s.offset ?? null,
        null,
        rest(s.properties),
      ];
    case "region":
      return [s.type, s.space, null, hex(s.va), s.length, null, null, null, null];
    case "object":
      return [s.type, null, s.name, null, null, s.id, null, s.size, rest(s.properties)];
    case "memory":
      return [s.type, null, `${s.owner} ${s.region} ${s.what}`, null, null, null, null, s.bytes, null];
  }
}
