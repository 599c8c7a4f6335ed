import {
  isSyncobjRequest,
  type Lifter,
  mergeSyncOps,
  type NeutralBindOp,
  type NeutralRequest,
  type Request,
  type TraceHeader,
} from "@gpuvm/drm-model";
import { MAP_SPARSE } from "../flags.ts";

/** Reads the requests of a panthor program: what did it want? */
export function lift(_header: TraceHeader): Lifter {
  const groups = new Map<string, { vm: number; jobs: number }>();
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
        const ops: NeutralBindOp[] = [];
        for (const { kind, bo, boOffset, va, length, flags } of request.ops) {
          if (length === 0 || kind === "sync") continue;
          if (kind === "map_null" || (kind === "map" && (flags & MAP_SPARSE) !== 0))
            ops.push({ kind: "map_null", bo: 0, boOffset: 0, va, length, flags: 0 });
          else if (kind === "map") ops.push({ kind, bo, boOffset, va, length, flags: 0 });
          else if (kind === "unmap") ops.push({ kind, bo: 0, boOffset: 0, va, length, flags: 0 });
        }
        const syncs = mergeSyncOps(request.syncOps ?? []);
        if (ops.length === 0 && syncs.length === 0) return [];
        const { async = false, vm = 0 } = request;
        const bound = { t, f, op: "vm_bind", vm, async, ops } as const;
        return [syncs.length === 0 ? bound : { ...bound, syncOps: [syncs] }];
      }
      case "queue_new": {
        const { queue } = request;
        const vm = request.vm ?? 0;
        groups.set(`${f}:${queue}`, { vm, jobs: 0 });
        return [{ t, f, op: "queue_new", queue, vm }];
      }
      case "exec": {
        const queue = request.queue ?? 0;
        const group = groups.get(`${f}:${queue}`);
        if (group === undefined) return [];
        // A group's jobs run side by side in its queues; what a program wants of them is one piece of work.
        const work = request.push?.some(([, bytes]) => bytes > 0) ?? false;
        group.jobs += Math.max(1, request.push?.length ?? 0);
        const { vm, jobs: fence } = group;
        const submit = { t, f, op: "submit", vm, queue, bos: null, writes: [], fence, work } as const;
        const syncOps = mergeSyncOps(request.syncOps ?? []);
        return [syncOps.length === 0 ? submit : { ...submit, syncOps }];
      }
      case "wait_fence":
        return [{ t, f, op: "wait_fence", queue: request.queue ?? 0, fence: request.fence }];
      case "vm_destroy":
      case "gem_close":
      case "queue_close":
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
