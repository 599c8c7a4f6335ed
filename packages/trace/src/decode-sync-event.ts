/** Decoders of the events about syncobjs, and of what binds and work do with them. */
import type {
  SyncOp,
  SyncobjCreate,
  SyncobjExport,
  SyncobjImport,
  SyncobjReset,
  SyncobjSignal,
  SyncobjTransfer,
  SyncobjWait,
} from "@gpuvm/drm-model";
import { EventProblem } from "./event-problem.ts";
import { bool, type DecodeState, describe, list, positive, uint, uints } from "./field.ts";
import type { Mutable, RawEvent } from "./raw-event.ts";
import { SYNC_KINDS, type SyncKind } from "./sync-kind.ts";

const KINDS: readonly unknown[] = SYNC_KINDS;

function decodeSyncOp(s: DecodeState, value: unknown): SyncOp {
  const a = list(value, "sync_ops");
  if (a.length !== 2 && a.length !== 3) {
    throw new EventProblem(
      "sync_ops",
      `an entry of sync_ops has ${a.length} elements`,
      "each is [kind, syncobj], with the point of a timeline as a third, or [user_fence, address, value]",
    );
  }
  const kind = a[0] as SyncKind;
  if (!KINDS.includes(kind)) {
    throw new EventProblem(
      "sync_ops",
      `unknown kind of sync_ops ${typeof kind === "string" ? JSON.stringify(kind) : describe(kind)}`,
      `one of ${SYNC_KINDS.join(", ")}`,
    );
  }
  if (kind === "user_fence") {
    const addr = positive(s, a[1], "sync_ops");
    return { handle: 0, wait: false, addr, point: uint(s, a[2] ?? 0, "sync_ops") };
  }
  const handle = positive(s, a[1], "sync_ops");
  const wait = kind !== "signal";
  const op: SyncOp = kind === "wait_reset" ? { handle, wait, reset: true } : { handle, wait };
  return a.length === 2 ? op : { ...op, point: positive(s, a[2], "sync_ops") };
}

/** `sync_ops` of a submit: one list. */
export function decodeSyncOps(s: DecodeState, value: unknown): readonly SyncOp[] {
  return list(value, "sync_ops").map((op) => decodeSyncOp(s, op));
}

/** `sync_ops` of a call with parts: a list for the whole call, or one for each part. */
export function decodeSyncLists(
  s: DecodeState,
  value: unknown,
  parts: readonly unknown[],
  partsName: string,
): readonly (readonly SyncOp[])[] {
  const lists = list(value, "sync_ops");
  if (lists.length > 1 && lists.length !== parts.length) {
    throw new EventProblem(
      "sync_ops",
      `sync_ops has ${lists.length} lists, but ${partsName} has ${parts.length} entries`,
      `give one list for the whole call, or one for each entry of ${partsName}`,
    );
  }
  return lists.map((ops) => decodeSyncOps(s, ops));
}

function syncobjs(s: DecodeState, raw: RawEvent): readonly number[] {
  const handles = uints(s, raw.syncobjs, "syncobjs");
  for (const handle of handles) positive(s, handle, "syncobjs");
  return handles;
}

function points(s: DecodeState, raw: RawEvent, of: readonly number[]): readonly number[] {
  const values = uints(s, raw.points, "points");
  if (values.length !== of.length) {
    throw new EventProblem(
      "points",
      `points has ${values.length} entries, but syncobjs has ${of.length}`,
      "give one point for each syncobj, 0 for a binary one",
    );
  }
  return values;
}

/** `syncobj_create` */
export function decodeSyncobjCreate(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjCreate {
  const e: Mutable<SyncobjCreate> = { t, f, op: "syncobj_create", syncobj: syncobj(s, raw) };
  if (raw.signaled !== undefined) e.signaled = bool(raw.signaled, "signaled");
  return e;
}

/** The handle that most of these events have. */
export function syncobj(s: DecodeState, raw: RawEvent): number {
  return positive(s, raw.syncobj, "syncobj");
}

/** `syncobj_reset` */
export function decodeSyncobjReset(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjReset {
  return { t, f, op: "syncobj_reset", syncobjs: syncobjs(s, raw) };
}

/** `syncobj_signal` */
export function decodeSyncobjSignal(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjSignal {
  const e: Mutable<SyncobjSignal> = { t, f, op: "syncobj_signal", syncobjs: syncobjs(s, raw) };
  if (raw.points !== undefined) e.points = points(s, raw, e.syncobjs);
  return e;
}

/** `syncobj_wait` */
export function decodeSyncobjWait(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjWait {
  const e: Mutable<SyncobjWait> = { t, f, op: "syncobj_wait", syncobjs: syncobjs(s, raw) };
  if (raw.points !== undefined) e.points = points(s, raw, e.syncobjs);
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  return e;
}

/** `syncobj_transfer` */
export function decodeSyncobjTransfer(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjTransfer {
  const src = positive(s, raw.src, "src");
  const e: Mutable<SyncobjTransfer> = { t, f, op: "syncobj_transfer", src, dst: positive(s, raw.dst, "dst") };
  if (raw.src_point !== undefined) e.srcPoint = uint(s, raw.src_point, "src_point");
  if (raw.dst_point !== undefined) e.dstPoint = uint(s, raw.dst_point, "dst_point");
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  return e;
}

function fence(s: DecodeState, raw: RawEvent, e: { syncFile?: boolean; point?: number }): void {
  if (raw.sync_file !== undefined) e.syncFile = bool(raw.sync_file, "sync_file");
  if (raw.point !== undefined) e.point = uint(s, raw.point, "point");
}

/** `syncobj_export` */
export function decodeSyncobjExport(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjExport {
  const fd = positive(s, raw.fd, "fd");
  const e: Mutable<SyncobjExport> = { t, f, op: "syncobj_export", syncobj: syncobj(s, raw), fd };
  fence(s, raw, e);
  return e;
}

/** `syncobj_import` */
export function decodeSyncobjImport(s: DecodeState, raw: RawEvent, t: number, f: number): SyncobjImport {
  const e: Mutable<SyncobjImport> = { t, f, op: "syncobj_import", syncobj: syncobj(s, raw) };
  if (raw.fd !== undefined) e.fd = positive(s, raw.fd, "fd");
  fence(s, raw, e);
  return e;
}
