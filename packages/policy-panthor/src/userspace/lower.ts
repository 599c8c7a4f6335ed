import {
  type BindOp,
  type Lowerer,
  MIB2,
  type NeutralBindOp,
  type NeutralRequest,
  type Request,
  Windows,
} from "@gpuvm/drm-model";
import { MAP_NOEXEC, MAP_SPARSE } from "../flags.ts";
import type { Generation } from "../history/generation.ts";

/** Bytes that panfrost leaves itself of the address space. */
const USER_VA = 2 ** 47;
/** Serials of buffers that a program needs for sparse ranges; those of recordings are far below. */
const OWN_SERIALS = 2 ** 41;
/** What a sparse range leads to where the kernel has no dummy for it. */
const DUMMY_BYTES = MIB2;

/** Where the commands of a job are taken to be, their bytes, and the queue. */
const COMMANDS = [4096, 64, 0] as const;
/** A job that only waits and signals. */
const NO_COMMANDS = [0, 0, 0] as const;

/** A bind that only waits and signals (`DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY`). */
const SYNC_ONLY: BindOp = { kind: "sync", bo: 0, boOffset: 0, va: 0, length: 0, flags: 0 };

/** Phrases what a program wants as panfrost or panvk would. */
export function lower(gen: Generation): Lowerer {
  const spaces = new Map<string, Windows>();
  const dummies = new Map<number, number>();
  /** For each group the number of jobs, and the job of each neutral fence. */
  const groups = new Map<string, { jobs: number; fences: Map<number, number> }>();
  const lastUse = new Map<string, { queue: number; job: number }>();
  let serial = OWN_SERIALS;

  const space = (f: number, vm: number) => {
    const key = `${f}:${vm}`;
    const windows = spaces.get(key) ?? new Windows(USER_VA);
    spaces.set(key, windows);
    return windows;
  };

  const groupOf = (f: number, queue: number) => {
    const key = `${f}:${queue}`;
    const group = groups.get(key) ?? { jobs: 0, fences: new Map<number, number>() };
    groups.set(key, group);
    return group;
  };

  /** The buffer that stands in for nothing, made when first needed. */
  const dummy = (t: number, f: number, before: Request[]): number => {
    let bo = dummies.get(f);
    if (bo === undefined) {
      bo = serial++;
      dummies.set(f, bo);
      before.push({ t, f, op: "gem_new", bo, size: DUMMY_BYTES, flags: 0 });
    }
    return bo;
  };

  const sparse = (t: number, f: number, va: number, length: number, before: Request[]): BindOp[] => {
    if (gen.sparse)
      return [{ kind: "map_null", bo: 0, boOffset: 0, va, length, flags: MAP_SPARSE | MAP_NOEXEC }];
    const bo = dummy(t, f, before);
    const ops: BindOp[] = [];
    for (let at = va; at < va + length; ) {
      const boOffset = at % DUMMY_BYTES;
      const part = Math.min(DUMMY_BYTES - boOffset, va + length - at);
      ops.push({ kind: "map", bo, boOffset, va: at, length: part, flags: MAP_NOEXEC });
      at += part;
    }
    return ops;
  };

  const bind = (t: number, f: number, vm: number, op: NeutralBindOp, before: Request[]): BindOp[] =>
    space(f, vm)
      .place(op.va, op.length)
      .flatMap(({ skip, va, length }): BindOp[] => {
        if (op.kind === "map_null") return sparse(t, f, va, length, before);
        if (op.kind === "unmap") return [{ kind: "unmap", bo: 0, boOffset: 0, va, length, flags: 0 }];
        return [{ kind: "map", bo: op.bo, boOffset: op.boOffset + skip, va, length, flags: MAP_NOEXEC }];
      });

  return (request: NeutralRequest): readonly Request[] => {
    const { t, f } = request;
    switch (request.op) {
      case "vm_create":
        return [{ t, f, op: "vm_create", vm: request.vm, vaRange: USER_VA }];
      case "gem_new": {
        const base = { t, f, op: "gem_new", bo: request.bo, size: request.size, flags: 0 } as const;
        return [request.vm === undefined ? base : { ...base, vm: request.vm }];
      }
      case "vm_bind": {
        const { vm, async } = request;
        const before: Request[] = [];
        const ops = request.ops.flatMap((op) => bind(t, f, vm, op, before));
        const syncs = request.syncOps?.flat() ?? [];
        if (syncs.length === 0) return [...before, { t, f, op: "vm_bind", vm, async, ops }];
        // Only what runs asynchronously may name syncobjs: the first operation waits, the last signals.
        if (ops.length === 0) ops.push(SYNC_ONLY);
        const syncOps = ops.map((_, i) =>
          syncs.filter(({ wait }) => (wait && i === 0) || (!wait && i === ops.length - 1)),
        );
        return [...before, { t, f, op: "vm_bind", vm, async: true, ops, syncOps }];
      }
      case "queue_new":
        return [{ t, f, op: "queue_new", queue: request.queue, vm: request.vm, queues: 1 }];
      case "submit": {
        const { queue } = request;
        const group = groupOf(f, queue);
        const job = ++group.jobs;
        if (request.fence !== undefined) group.fences.set(request.fence, job);
        for (const bo of request.bos ?? [0]) lastUse.set(`${f}:${bo}`, { queue, job });
        const push = [request.work ? COMMANDS : NO_COMMANDS];
        const { syncOps } = request;
        if (syncOps === undefined) return [{ t, f, op: "exec", queue, push, syncs: 1 }];
        return [{ t, f, op: "exec", queue, push, syncs: syncOps.length, syncOps: [syncOps] }];
      }
      case "wait_fence": {
        const job = groupOf(f, request.queue).fences.get(request.fence);
        return job === undefined ? [] : [{ t, f, op: "wait_fence", queue: request.queue, fence: job }];
      }
      case "cpu_prep": {
        // With an answer it was a question; without, a wait, which here is one for a syncobj.
        if (request.busy !== undefined) return [];
        const last = lastUse.get(`${f}:${request.bo}`) ?? lastUse.get(`${f}:0`);
        return last === undefined ? [] : [{ t, f, op: "wait_fence", queue: last.queue, fence: last.job }];
      }
      case "madvise":
        // A program's cache of buffers is its own affair.
        return [];
      default:
        return [request];
    }
  };
}
