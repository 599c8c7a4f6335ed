import { type BindOp, type Lowerer, type NeutralRequest, type Request, Windows } from "@gpuvm/drm-model";
import { VM_SCRATCH_PAGE } from "../flags.ts";
import { LUNAR_LAKE } from "../platform.ts";

/** Phrases what a program wants as iris or anv would. */
export function lower(): Lowerer {
  const spaces = new Map<string, Windows>();
  /** For each queue the number of jobs, and the job of each neutral fence. */
  const queues = new Map<string, { jobs: number; fences: Map<number, number> }>();
  /** The last job that used a buffer, or, for bos null, anything. */
  const lastUse = new Map<string, { queue: number; job: number }>();

  const space = (f: number, vm: number) => {
    const key = `${f}:${vm}`;
    let windows = spaces.get(key);
    if (windows === undefined) {
      windows = new Windows(LUNAR_LAKE.vaSize);
      spaces.set(key, windows);
    }
    return windows;
  };

  const queueOf = (f: number, queue: number) => {
    const key = `${f}:${queue}`;
    let state = queues.get(key);
    if (state === undefined) {
      state = { jobs: 0, fences: new Map() };
      queues.set(key, state);
    }
    return state;
  };

  return (request: NeutralRequest): readonly Request[] => {
    const { t, f } = request;
    switch (request.op) {
      case "vm_create":
        return [{ t, f, op: "vm_create", vm: request.vm, flags: VM_SCRATCH_PAGE }];
      case "gem_new": {
        const size = Math.ceil(request.size / 4096) * 4096;
        const base = { t, f, op: "gem_new", bo: request.bo, size, flags: 0, placement: 1, cache: 1 } as const;
        return [request.vm === undefined ? base : { ...base, vm: request.vm }];
      }
      case "vm_bind": {
        const { vm } = request;
        const ops: BindOp[] = request.ops.flatMap((op) =>
          space(f, vm)
            .place(op.va, op.length)
            .map(({ skip, va, length }) => {
              const boOffset = op.kind === "map" ? op.boOffset + skip : 0;
              return { kind: op.kind, bo: op.kind === "map" ? op.bo : 0, boOffset, va, length, flags: 0 };
            }),
        );
        const { syncOps } = request;
        const told = syncOps === undefined ? {} : { syncOps };
        const syncs = syncOps?.flat().length ?? (request.async ? 1 : 0);
        return [{ t, f, op: "vm_bind", vm, queue: 0, syncs, ops, ...told }];
      }
      case "queue_new":
        return [{ t, f, op: "queue_new", queue: request.queue, vm: request.vm, class: 0 }];
      case "submit": {
        const { queue } = request;
        const state = queueOf(f, queue);
        const job = ++state.jobs;
        if (request.fence !== undefined) state.fences.set(request.fence, job);
        for (const bo of request.bos ?? [0]) lastUse.set(`${f}:${bo}`, { queue, job });
        const { syncOps } = request;
        const told = syncOps === undefined ? {} : { syncOps: [syncOps] };
        const syncs = syncOps?.length ?? 1;
        return [{ t, f, op: "exec", queue, syncs, batches: request.work ? 1 : 0, addr: 0, ...told }];
      }
      case "wait_fence": {
        const job = queueOf(f, request.queue).fences.get(request.fence);
        return job === undefined ? [] : [{ t, f, op: "wait_fence", queue: request.queue, fence: job }];
      }
      case "cpu_prep": {
        // With an answer it was a question; without, a wait, which here is one for a syncobj.
        if (request.busy !== undefined) return [];
        const last = lastUse.get(`${f}:${request.bo}`) ?? lastUse.get(`${f}:0`);
        return last === undefined ? [] : [{ t, f, op: "wait_fence", queue: last.queue, fence: last.job }];
      }
      default:
        return [request];
    }
  };
}
