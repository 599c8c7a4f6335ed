import type { Request } from "@gpuvm/drm-model";
import type { Cell, Fault, SnapshotMemory } from "@gpuvm/trace";

/** Columns of a trace as a table: one row for each request, or for each operation of a bind; amounts of memory and faults between them. */
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
  "name",
];

/** The row of an amount of memory between the requests. */
export function memoryRow({ owner, region, what, bytes }: SnapshotMemory, t: number): readonly Cell[] {
  const name = `${owner} ${region} ${what}`;
  return [t, null, "memory", null, null, null, bytes, null, null, null, null, null, name];
}

/** The row of a fault of the GPU. */
export function faultRow(fault: Fault, t: number): readonly Cell[] {
  const name = [fault.source, fault.detail ?? ""].join(" ").trim();
  const va = `0x${fault.address.toString(16)}`;
  return [t, null, "gpu_fault", null, null, null, null, null, va, fault.length, null, null, name];
}

/** The row of a place where events are missing. */
export function lossRow(events: number | undefined, t: number): readonly Cell[] {
  const name = `${events ?? "unknown number of"} events`;
  return [t, null, "lost", null, null, null, null, null, null, null, null, null, name];
}

/** The rows of one request; `label` is what the trace calls the buffer or VM that it makes. */
export function eventRows(r: Request, label?: string): readonly (readonly Cell[])[] {
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
    return [row(field("bo"), field("size"), null, va, null, null, bos, label ?? syncsOf(r))];
  }
  const syncs = syncsOf(r);
  if (r.ops.length === 0) return [row(null, null, null, null, null, null, null, syncs)];
  return r.ops.map((op) => row(op.bo, null, op.kind, hex(op.va), op.length, op.boOffset, null, syncs));
}

/** The syncobjs of a request, with points: `wait 3, signal 4@7`; of a call about syncobjs, which they are. */
function syncsOf(r: Request): string | null {
  const named = (handle: number, point = 0) => (point === 0 ? `${handle}` : `${handle}@${point}`);
  switch (r.op) {
    case "submit":
    case "exec":
    case "vm_bind": {
      const ops = r.syncOps?.flat() ?? [];
      const all = ops.map(({ handle, wait, point, addr }) =>
        addr === undefined ? `${wait ? "wait" : "signal"} ${named(handle, point)}` : `write ${hex(addr)}`,
      );
      return all.length === 0 ? null : all.join(", ");
    }
    case "syncobj_create":
    case "syncobj_destroy":
    case "syncobj_export":
    case "syncobj_import":
      return named(r.syncobj);
    case "syncobj_reset":
      return r.syncobjs.map((syncobj) => named(syncobj)).join(", ");
    case "syncobj_signal":
    case "syncobj_wait":
      return r.syncobjs.map((syncobj, i) => named(syncobj, r.points?.[i])).join(", ");
    case "syncobj_transfer":
      return `${named(r.src, r.srcPoint)} to ${named(r.dst, r.dstPoint)}`;
    default:
      return null;
  }
}

/** Spreadsheets lose digits of large numbers. */
function hex(va: number): string {
  return `0x${va.toString(16)}`;
}
