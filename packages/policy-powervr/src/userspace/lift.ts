import {
  isSyncobjRequest,
  type Lifter,
  mergeSyncOps,
  type NeutralBindOp,
  type NeutralRequest,
  type NeutralSubmit,
  type Request,
  type RequestOf,
} from "@gpuvm/drm-model";

/** Reads the driver's requests: what did the program want? Memory that the kernel manages for the tiler is left out. */
export function lift(): Lifter {
  const vmOfQueue = new Map<string, number>();
  return (request) => liftOne(request, vmOfQueue);
}

function liftOne(request: Request, vmOfQueue: Map<string, number>): readonly NeutralRequest[] {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new":
      return [{ t, f, op: "gem_new", bo: request.bo, size: request.size }];
    case "vm_create":
      return [{ t, f, op: "vm_create", vm: request.vm }];
    case "vm_bind": {
      if (request.vm === undefined) return [];
      const ops: NeutralBindOp[] = [];
      for (const op of request.ops) {
        if (op.kind !== "map" && op.kind !== "unmap") continue;
        const { kind, bo, boOffset, va, length } = op;
        ops.push({ kind, bo, boOffset, va, length, flags: 0 });
      }
      return [{ t, f, op: "vm_bind", vm: request.vm, async: false, ops }];
    }
    case "queue_new":
      if (request.vm === undefined) return [];
      vmOfQueue.set(`${f}/${request.queue}`, request.vm);
      return [{ t, f, op: "queue_new", queue: request.queue, vm: request.vm }];
    case "exec": {
      if (request.syncOps !== undefined) return liftJobs(request, vmOfQueue);
      const queues = new Set((request.jobs ?? []).map(([, queue]) => queue));
      const out: NeutralRequest[] = [];
      for (const queue of queues) {
        const vm = vmOfQueue.get(`${f}/${queue}`);
        if (vm !== undefined) out.push({ t, f, op: "submit", vm, queue, bos: null, writes: [], work: true });
      }
      return out;
    }
    case "gem_close":
    case "vm_destroy":
    case "queue_close":
    case "prime_export":
    case "prime_import":
    case "close":
    case "end":
      return [request];
    default:
      return isSyncobjRequest(request) ? [request] : [];
  }
}

/** Jobs that name syncobjs: those of one context that follow each other are one piece of work. */
function liftJobs(
  { t, f, jobs = [], syncOps = [] }: RequestOf<"exec">,
  vmOfQueue: Map<string, number>,
): readonly NeutralRequest[] {
  const out: NeutralSubmit[] = [];
  for (const [i, [, queue]] of jobs.entries()) {
    const vm = vmOfQueue.get(`${f}/${queue}`);
    if (vm === undefined) continue;
    const last = out.at(-1);
    const parts = [last?.queue === queue ? (last.syncOps ?? []) : [], syncOps[i] ?? []];
    if (last?.queue === queue) out.pop();
    const submit = { t, f, op: "submit", vm, queue, bos: null, writes: [], work: true } as const;
    out.push({ ...submit, syncOps: mergeSyncOps(parts) });
  }
  return out;
}
