/** What becomes of waits and signals when requests are translated. */
import type { NeutralRequest } from "../neutral-request.ts";
import type { Request } from "../request.ts";
import type { RequestBase } from "../request-base.ts";
import type { SyncobjRequest } from "../sync-request.ts";
import type { SyncOp } from "../uapi/sync-obj.ts";

/** `DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL` and `_WAIT_FOR_SUBMIT`. */
const WAIT_ALL_FOR_SUBMIT = 1 | 2;

/** Whether a request is one of DRM's own about syncobjs, which every driver answers alike. */
export function isSyncobjRequest(request: Request | NeutralRequest): request is SyncobjRequest {
  return request.op.startsWith("syncobj_");
}

/** How many of some operations wait, and how many signal: what drivers count apart. */
export function syncCounts(ops: readonly SyncOp[]): { readonly in: number; readonly out: number } {
  const waits = ops.filter(({ wait }) => wait).length;
  return { in: waits, out: ops.length - waits };
}

/**
 * What a call whose parts wait and signal by themselves does as a whole: waits for what no part before signals, and signals
 * what any part does. Words of memory that a driver writes (xe's user fences) are no syncobjs, and are left out.
 */
export function mergeSyncOps(parts: readonly (readonly SyncOp[])[]): readonly SyncOp[] {
  const waits: SyncOp[] = [];
  const signals: SyncOp[] = [];
  const same = (a: SyncOp) => (b: SyncOp) => a.handle === b.handle && (a.point ?? 0) === (b.point ?? 0);
  for (const part of parts) {
    for (const op of part) if (op.wait && !signals.some(same(op)) && !waits.some(same(op))) waits.push(op);
    for (const op of part) if (!op.wait && op.handle !== 0 && !signals.some(same(op))) signals.push(op);
  }
  return [...waits, ...signals];
}

/**
 * What a program does around a call that can't wait or signal by itself: it waits before, and signals behind. What is
 * signalled there has been done: such a call returns when it is.
 */
export function aroundCall(
  { t, f }: RequestBase,
  ops: readonly SyncOp[],
  call: readonly Request[],
): readonly Request[] {
  const of = (list: readonly SyncOp[]) => ({
    syncobjs: list.map(({ handle }) => handle),
    ...(list.some(({ point }) => point) ? { points: list.map(({ point = 0 }) => point) } : {}),
  });
  const waits = ops.filter(({ wait }) => wait);
  const signals = ops.filter(({ wait }) => !wait);
  return [
    ...(waits.length === 0
      ? []
      : [{ t, f, op: "syncobj_wait", ...of(waits), flags: WAIT_ALL_FOR_SUBMIT } as const]),
    ...call,
    ...(signals.length === 0 ? [] : [{ t, f, op: "syncobj_signal", ...of(signals) } as const]),
  ];
}
