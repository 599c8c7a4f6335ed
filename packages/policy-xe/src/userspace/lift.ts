import {
  type BindOp,
  isSyncobjRequest,
  type Lifter,
  MappedRuns,
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
  const mapped = new Map<string, MappedRuns>();
  let serial = OWN_SERIALS;

  /** What is mapped where, for the operations that name an object only. */
  const mappedIn = (f: number, vm: number): MappedRuns => {
    const key = `${f}:${vm}`;
    let known = mapped.get(key);
    if (known === undefined) {
      known = new MappedRuns();
      mapped.set(key, known);
    }
    return known;
  };

  const bind = (t: number, f: number, vm: number, op: BindOp, before: NeutralRequest[]): NeutralBindOp[] => {
    const { kind, va, length } = op;
    if (kind === "prefetch" || kind === "sync") return [];
    const known = mappedIn(f, vm);
    if (kind === "unmap_all") {
      const all = known.runs.filter((run) => run.bo === op.bo).sort((a, b) => a.nth - b.nth);
      return all.map(({ start, end }) => {
        known.unmap(start, end - start);
        return { kind: "unmap", bo: 0, boOffset: 0, va: start, length: end - start, flags: 0 };
      });
    }
    known.unmap(va, length);
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
    known.map(va, length, bo);
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
