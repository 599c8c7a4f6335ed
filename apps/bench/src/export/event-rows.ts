import type { Request } from "@gpuvm/drm-model";
import type { Cell } from "@gpuvm/trace";

/** Columns of a trace as a table: one row for each request, or for each operation of a bind. */
export const EVENT_COLUMNS: readonly string[] = [
  "t_ns",
  "file",
  "op",
  "vm",
  "queue",
  "bo",
  "size_bytes",
  "bind",
  "va",
  "length_bytes",
  "bo_offset_bytes",
  "bos",
];

/** The rows of one request. */
export function eventRows(r: Request): readonly (readonly Cell[])[] {
  const field = (key: string): Cell => {
    const value = (r as unknown as Readonly<Record<string, unknown>>)[key];
    return typeof value === "number" ? value : null;
  };
  const row = (...rest: readonly Cell[]): readonly Cell[] => [
    r.t,
    r.f,
    r.op,
    field("vm"),
    field("queue") ?? field("channel"),
    ...rest,
  ];
  if (r.op !== "vm_bind") {
    const bos = r.op === "submit" && r.bos !== null ? r.bos.join(" ") : null;
    const va = r.op === "set_iova" ? hex(r.iova) : null;
    return [row(field("bo"), field("size"), null, va, null, null, bos)];
  }
  return r.ops.map((op) => row(op.bo, null, op.kind, hex(op.va), op.length, op.boOffset, null));
}

/** Spreadsheets lose digits of large numbers. */
function hex(va: number): string {
  return `0x${va.toString(16)}`;
}
