import type { BindOp, Lifter, NeutralBindOp, NeutralRequest, Request, RequestOf } from "@gpuvm/drm-model";
import { IovaSpace, isSyncobjRequest, mergeSyncOps } from "@gpuvm/drm-model";
import { BIND_SPARSE, NO_SHARE } from "../gem/domains.ts";
import { Sparse } from "./sparse.ts";

/** The one VM of a file. */
const VM = 1;

/** Where the kernel maps a buffer of a file without VM_BIND. */
interface Place {
  readonly va: number;
  readonly length: number;
}

/** What is known of one file. */
interface File {
  /** It manages its addresses. */
  readonly binds: boolean;
  readonly sparse: Sparse;
  readonly space: IovaSpace;
  readonly places: Map<number, Place>;
}

/** Reads requests of either interface: what did the program want? */
export function lift(): Lifter {
  const files = new Map<number, File>();
  return (request) => {
    const { t, f } = request;
    let file = files.get(f);
    const out: NeutralRequest[] = [];
    if (request.op === "close" || request.op === "end") {
      files.delete(f);
      return [request];
    }
    if (file === undefined) {
      file = {
        binds: request.op === "vm_init",
        sparse: new Sparse(),
        space: new IovaSpace(2 ** 20, 2 ** 39),
        places: new Map(),
      };
      files.set(f, file);
      out.push({ t, f, op: "vm_create", vm: VM });
    }
    liftOne(file, request, out);
    return out;
  };
}

function liftOne(file: File, request: Request, out: NeutralRequest[]): void {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new": {
      const isPrivate = ((request.domain ?? 0) & NO_SHARE) !== 0;
      out.push({ t, f, op: "gem_new", bo: request.bo, size: request.size, ...(isPrivate ? { vm: VM } : {}) });
      place(file, request, request.bo, request.size, out);
      break;
    }
    case "prime_import":
      out.push(request);
      if (request.fresh) place(file, request, request.bo, request.size, out);
      break;
    case "gem_close":
      displace(file, request, out);
      out.push(request);
      break;
    case "vm_bind": {
      const ops: NeutralBindOp[] = [];
      for (const op of request.ops) liftBind(file, op, ops);
      const bound = { t, f, op: "vm_bind", vm: VM, async: request.async ?? false, ops } as const;
      const syncOps = mergeSyncOps(request.syncOps ?? []);
      out.push(syncOps.length === 0 ? bound : { ...bound, syncOps: [syncOps] });
      break;
    }
    case "channel_new": {
      const { notifierBo: bo } = request;
      // The kernel makes it, the program closes it.
      if (bo !== undefined) out.push({ t, f, op: "gem_new", bo, size: 4096 });
      out.push({ t, f, op: "queue_new", queue: request.channel, vm: VM });
      break;
    }
    case "queue_close":
    case "prime_export":
      out.push(request);
      break;
    case "exec": {
      const work = request.push?.some(([, bytes]) => bytes > 0) ?? false;
      const queue = request.channel ?? 0;
      const submit = { t, f, op: "submit", vm: VM, queue, bos: null, writes: [], work } as const;
      const syncOps = mergeSyncOps(request.syncOps ?? []);
      out.push(syncOps.length === 0 ? submit : { ...submit, syncOps });
      break;
    }
    case "submit": {
      if (request.cmds === 0) break;
      const { bos, writes } = request;
      out.push({ t, f, op: "submit", vm: VM, queue: request.channel ?? 0, bos, writes, work: true });
      break;
    }
    case "cpu_prep": {
      const { bo, busy } = request;
      out.push({ t, f, op: "cpu_prep", bo, ...(busy === undefined ? {} : { busy }) });
      break;
    }
    default:
      if (isSyncobjRequest(request)) out.push(request);
      break;
  }
}

/** In a sparse region nothing is ever unmapped: it reads as zero again. */
function liftBind(file: File, op: BindOp, ops: NeutralBindOp[]): void {
  const { kind, bo, boOffset, va, length, flags } = op;
  const range = { bo: 0, boOffset: 0, va, length, flags: 0 } as const;
  if (kind === "map" && (flags & BIND_SPARSE) !== 0) {
    file.sparse.add(va, length);
    ops.push({ ...range, kind: "map_null" });
  } else if (kind === "map") ops.push({ kind, bo, boOffset, va, length, flags: 0 });
  else if (kind === "unmap" && (flags & BIND_SPARSE) !== 0) {
    file.sparse.remove(va, length);
    ops.push({ ...range, kind });
  } else if (kind === "unmap") {
    for (const piece of file.sparse.pieces(va, length)) {
      ops.push({ ...range, ...piece.at, kind: piece.sparse ? "map_null" : "unmap" });
    }
  }
}

/** The kernel maps with the handle: an address of the lifter's choice. */
function place(
  file: File,
  request: RequestOf<"gem_new" | "prime_import">,
  bo: number,
  size: number,
  out: NeutralRequest[],
): void {
  if (file.binds) return;
  const { t, f } = request;
  const length = Math.ceil(size / 4096) * 4096;
  const va = file.space.alloc(length, length >= 2 ** 16 ? 2 ** 16 : 4096);
  if (va === null) return;
  file.places.set(bo, { va, length });
  const ops: NeutralBindOp[] = [{ kind: "map", bo, boOffset: 0, va, length, flags: 0 }];
  out.push({ t, f, op: "vm_bind", vm: VM, async: false, ops });
}

/** It unmaps when the last work is done, without anybody waiting. */
function displace(file: File, request: RequestOf<"gem_close">, out: NeutralRequest[]): void {
  const { t, f } = request;
  const where = file.places.get(request.bo);
  if (where === undefined) return;
  file.places.delete(request.bo);
  file.space.release(where.va, where.length);
  const ops: NeutralBindOp[] = [{ kind: "unmap", bo: 0, boOffset: 0, ...where, flags: 0 }];
  out.push({ t, f, op: "vm_bind", vm: VM, async: true, ops });
}
