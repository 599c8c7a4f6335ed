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
  "resident_bytes",
  "refcount",
  "created_by",
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
      return [s.type, s.space, s.name, hex(s.start), s.end - s.start, ...none(7)];
    case "mapping":
      return [
        s.type,
        s.space,
        null,
        hex(s.va),
        s.length,
        hex(s.object),
        s.offset ?? null,
        ...none(4),
        rest(s.properties),
      ];
    case "region":
      return [s.type, s.space, null, hex(s.va), s.length, ...none(7)];
    case "object":
      return [
        s.type,
        null,
        s.name,
        null,
        null,
        s.id,
        null,
        s.size,
        s.residentSize ?? null,
        s.refcount,
        s.creator ?? null,
        rest(s.properties),
      ];
    case "memory":
      return [s.type, null, `${s.owner} ${s.region} ${s.what}`, ...none(4), s.bytes, ...none(4)];
  }
}

function none(cells: number): Cell[] {
  return Array.from({ length: cells }, () => null);
}
