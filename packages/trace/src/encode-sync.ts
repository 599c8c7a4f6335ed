/** What binds and work do with syncobjs, as it stands in a line. */
import type { SyncOp } from "@gpuvm/drm-model";
import { exactDecimal } from "./exact-integer.ts";
import type { SyncKind } from "./sync-kind.ts";

function syncOp({ handle, wait, point, reset, addr }: SyncOp): string {
  if (addr !== undefined) return `["user_fence",${exactDecimal(addr)},${exactDecimal(point ?? 0)}]`;
  const kind: SyncKind = !wait ? "signal" : reset ? "wait_reset" : "wait";
  return `["${kind}",${handle}${point ? `,${exactDecimal(point)}` : ""}]`;
}

function list(ops: readonly SyncOp[]): string {
  return `[${ops.map(syncOp).join(",")}]`;
}

/** `sync_ops` of a submit, or nothing. */
export function syncOps(ops: readonly SyncOp[] | undefined): string {
  return ops === undefined ? "" : `,"sync_ops":${list(ops)}`;
}

/** `sync_ops` of a call with parts, or nothing. */
export function syncLists(lists: readonly (readonly SyncOp[])[] | undefined): string {
  return lists === undefined ? "" : `,"sync_ops":[${lists.map(list).join(",")}]`;
}
