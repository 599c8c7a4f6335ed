import {
  type BindOp,
  isSyncobjRequest,
  type Lifter,
  mergeSyncOps,
  type NeutralBindOp,
  type NeutralRequest,
  type Request,
  type RequestOf,
  type SyncOp,
  type TraceHeader,
} from "@gpuvm/drm-model";
import { BIND_NULL, CLASS_VM_BIND } from "../flags.ts";

/** Serials for what the trace has no buffer for; those of recordings are far below. */
const OWN_SERIALS = 2 ** 40;

/** Reads the requests of an xe program: what did it want? */
export function lift(_header: TraceHeader): Lifter {
  const queues = new Map<string, { vm: number; bind: boolean; jobs: number }>();
  const mapped = new Map<string, { bo: number; va: number; length: number }[]>();
  let serial = OWN_SERIALS;

  const ranges = (f: number, vm: number) => {
    const key = `${f}:${vm}`;
    let list = mapped.get(key);
    if (list === undefined) {
      list = [];
      mapped.set(key, list);
    }
    return list;
  };

  /** Keeps what is mapped where, for the operations that name an object only. */
  const cut = (f: number, vm: number, va: number, length: number) => {
    const list = ranges(f, vm);
    const end = va + length;
    for (const range of list.splice(0)) {
      const { bo } = range;
      const rangeEnd = range.va + range.length;
      if (range.va < va) list.push({ bo, va: range.va, length: Math.min(va, rangeEnd) - range.va });
      if (rangeEnd > end)
        list.push({ bo, va: Math.max(end, range.va), length: rangeEnd - Math.max(end, range.va) });
    }
  };

  const bind = (t: number, f: number, vm: number, op: BindOp, before: NeutralRequest[]): NeutralBindOp[] => {
    const { kind, va, length } = op;
    if (kind === "prefetch" || kind === "sync") return [];
    if (kind === "unmap_all") {
      const all = ranges(f, vm).filter((range) => range.bo === op.bo);
      for (const range of all) cut(f, vm, range.va, range.length);
      return all.map((range) => ({
        kind: "unmap",
        bo: 0,
        boOffset: 0,
        va: range.va,
        length: range.length,
        flags: 0,
      }));
    }
    cut(f, vm, va, length);
    if (kind === "unmap") return [{ kind, bo: 0, boOffset: 0, va, length, flags: 0 }];
    if (kind === "map_null" || (op.flags & BIND_NULL) !== 0)
      return [{ kind: "map_null", bo: 0, boOffset: 0, va, length, flags: 0 }];
    let { bo, boOffset } = op;
    if (kind === "map_userptr") {
      // The program's own memory: elsewhere a buffer of its own.
      bo = serial++;
      boOffset = 0;
      before.push({ t, f, op: "gem_new", bo, size: length });
    }
    ranges(f, vm).push({ bo, va, length });
    return [{ kind: "map", bo, boOffset, va, length, flags: 0 }];
  };

  return (request: Request): readonly NeutralRequest[] => {
    const { t, f } = request;
    switch (request.op) {
      case "gem_new": {
        const { op, bo, size, vm } = request;
        return [vm === undefined ? { t, f, op, bo, size } : { t, f, op, bo, size, vm }];
      }
      case "vm_create":
        return [{ t, f, op: "vm_create", vm: request.vm }];
      case "vm_bind": {
        const vm = request.vm ?? 0;
        const before: NeutralRequest[] = [];
        const ops = request.ops.flatMap((op) => bind(t, f, vm, op, before));
        const syncs = syncOpsOf(request);
        if (ops.length === 0 && syncs === undefined) return before;
        const bound = { t, f, op: "vm_bind", vm, async: (request.syncs ?? 0) > 0, ops } as const;
        return [...before, syncs === undefined ? bound : { ...bound, syncOps: [syncs] }];
      }
      case "queue_new": {
        const { queue } = request;
        const vm = request.vm ?? 0;
        const isBind = request.class === CLASS_VM_BIND;
        queues.set(`${f}:${queue}`, { vm, bind: isBind, jobs: 0 });
        return isBind ? [] : [{ t, f, op: "queue_new", queue, vm }];
      }
      case "queue_close":
        return queues.get(`${f}:${request.queue}`)?.bind
          ? []
          : [{ t, f, op: "queue_close", queue: request.queue }];
      case "exec": {
        const queue = request.queue ?? 0;
        const known = queues.get(`${f}:${queue}`);
        if (known === undefined) return [];
        const work = request.batches !== 0;
        const { vm } = known;
        const fence = ++known.jobs;
        const submit = { t, f, op: "submit", vm, queue, bos: null, writes: [], fence, work } as const;
        const syncOps = syncOpsOf(request);
        return [syncOps === undefined ? submit : { ...submit, syncOps }];
      }
      case "wait_fence":
        return [{ t, f, op: "wait_fence", queue: request.queue ?? 0, fence: request.fence }];
      case "vm_destroy":
      case "gem_close":
      case "madvise":
      case "prime_export":
      case "prime_import":
      case "close":
      case "end":
        return [request];
      default:
        return isSyncobjRequest(request) ? [request] : [];
    }
  };
}

/** What a call waits for and signals, if its trace tells, and if there is anything. */
function syncOpsOf({ syncOps }: RequestOf<"vm_bind" | "exec">): readonly SyncOp[] | undefined {
  const ops = mergeSyncOps(syncOps ?? []);
  return ops.length === 0 ? undefined : ops;
}
