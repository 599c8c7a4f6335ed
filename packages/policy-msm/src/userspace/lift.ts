import {
  type BindOp,
  IovaSpace,
  isSyncobjRequest,
  type Lifter,
  mergeSyncOps,
  type NeutralBindOp,
  type NeutralRequest,
  perFile,
  type Request,
  type RequestOf,
  type SyncOp,
} from "@gpuvm/drm-model";
import { MSM_BO_NO_SHARE, MSM_SUBMITQUEUE_VM_BIND } from "../drv/uapi.ts";
import { VM_SIZE, VM_START } from "../vma/vm.ts";

/** What is known of one file of a trace. */
class FileState {
  readonly vm: number;
  /** The address space was announced. */
  created = false;
  vmBind = false;
  readonly bindQueues: Set<number> = new Set();
  /** Queue 0 was announced. */
  defaultQueue = false;
  /** Bytes of each buffer that has a handle. */
  readonly sizes: Map<number, number> = new Map();
  /** Address of each mapped buffer. */
  readonly iovas: Map<number, number> = new Map();
  readonly mm: IovaSpace = new IovaSpace(VM_START, VM_SIZE);

  constructor(vm: number) {
    this.vm = vm;
  }
}

/** Numbers that no recorded queue has: files' own queue 0, and queues for binds. */
export const SPARE_QUEUE = 1_000_000;

/**
 * Reads msm's requests. Under the interface with buffer lists a mapping begins where its address becomes known, or at
 * the first submit that lists the buffer, and ends with the handle.
 */
export function lift(): Lifter {
  return perFile(
    (f) => new FileState(f + 1),
    (file, request: Request) => {
      const out: NeutralRequest[] = [];
      liftOne(file, request, out);
      return out;
    },
  );
}

function liftOne(file: FileState, request: Request, out: NeutralRequest[]): void {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new": {
      const { op, bo, size } = request;
      file.sizes.set(bo, size);
      const isPrivate = file.vmBind && ((request.flags ?? 0) & MSM_BO_NO_SHARE) !== 0;
      if (isPrivate) create(file, request, out);
      out.push(isPrivate ? { t, f, op, bo, size, vm: file.vm } : { t, f, op, bo, size });
      return;
    }
    case "gem_close":
      unmap(file, request, request.bo, out);
      file.sizes.delete(request.bo);
      out.push(request);
      return;
    case "get_iova":
      map(file, request, request.bo, null, out);
      return;
    case "set_iova":
      if (file.iovas.get(request.bo) === request.iova) return;
      unmap(file, request, request.bo, out);
      if (request.iova !== 0) map(file, request, request.bo, request.iova, out);
      return;
    case "cpu_prep": {
      const { op, bo, busy } = request;
      out.push(busy === undefined ? { t, f, op, bo } : { t, f, op, bo, busy });
      return;
    }
    case "prime_import":
      if (request.fresh) file.sizes.set(request.bo, request.size);
      out.push(request);
      return;
    case "enable_vm_bind":
      file.vmBind = true;
      create(file, request, out);
      return;
    case "vm_bind":
      create(file, request, out);
      out.push({
        ...{ t, f, op: "vm_bind", vm: file.vm, async: true, ops: request.ops.map(neutralOp) },
        ...(request.syncOps === undefined
          ? {}
          : { syncOps: [mergeSyncOps(request.syncOps).map(withoutReset)] }),
      });
      reset(request, request.syncOps?.flat() ?? [], out);
      return;
    case "queue_new":
      if (((request.flags ?? 0) & MSM_SUBMITQUEUE_VM_BIND) !== 0) file.bindQueues.add(request.queue);
      else {
        create(file, request, out);
        out.push({ t, f, op: "queue_new", queue: request.queue, vm: file.vm });
      }
      return;
    case "queue_close":
      if (!file.bindQueues.has(request.queue)) out.push(request);
      return;
    case "submit":
      submit(file, request, out);
      return;
    case "wait_fence":
      out.push({ t, f, op: "wait_fence", fence: request.fence, queue: request.queue || SPARE_QUEUE + f });
      return;
    case "madvise":
    case "prime_export":
    case "close":
    case "end":
      out.push(request);
      return;
    default: // what is none of DRM's own means nothing to memory, or is not of this driver
      if (isSyncobjRequest(request)) out.push(request);
  }
}

/** Elsewhere no wait empties a syncobj. */
function withoutReset({ handle, wait, point }: SyncOp): SyncOp {
  return point === undefined ? { handle, wait } : { handle, wait, point };
}

/** What a call's waits empty, the program empties elsewhere, unless the call puts something in. */
function reset({ t, f }: Request, ops: readonly SyncOp[], out: NeutralRequest[]): void {
  const signalled = new Set(ops.flatMap(({ handle, wait }) => (wait ? [] : [handle])));
  const syncobjs = ops.flatMap(({ handle, reset }) => (reset && !signalled.has(handle) ? [handle] : []));
  if (syncobjs.length > 0) out.push({ t, f, op: "syncobj_reset", syncobjs });
}

function submit(file: FileState, request: RequestOf<"submit">, out: NeutralRequest[]): void {
  const { t, f, op, writes, fence } = request;
  create(file, request, out);
  const listed = request.bos ?? [];
  if (!file.vmBind) for (const bo of listed) map(file, request, bo, null, out);
  const queue = request.queue || SPARE_QUEUE + f;
  if (!request.queue && !file.defaultQueue) {
    file.defaultQueue = true;
    out.push({ t, f, op: "queue_new", queue, vm: file.vm });
  }
  const bos = file.vmBind && listed.length === 0 ? null : listed;
  const work = request.cmds !== 0;
  out.push({
    ...{ t, f, op, vm: file.vm, queue, bos, writes, work },
    ...(fence === undefined ? {} : { fence }),
    ...(request.syncOps === undefined ? {} : { syncOps: mergeSyncOps([request.syncOps]).map(withoutReset) }),
  });
  reset(request, request.syncOps ?? [], out);
}

function create(file: FileState, { t, f }: Request, out: NeutralRequest[]): void {
  if (file.created) return;
  file.created = true;
  out.push({ t, f, op: "vm_create", vm: file.vm });
}

function map(file: FileState, at: Request, bo: number, iova: number | null, out: NeutralRequest[]): void {
  const length = file.sizes.get(bo);
  if (length === undefined || file.iovas.has(bo)) return;
  if (iova !== null) file.mm.reserve(iova, length);
  const va = iova ?? file.mm.alloc(length);
  if (va === null) return;
  create(file, at, out);
  file.iovas.set(bo, va);
  bind(file, at, { kind: "map", bo, boOffset: 0, va, length, flags: 0 }, out);
}

function unmap(file: FileState, at: Request, bo: number, out: NeutralRequest[]): void {
  const va = file.iovas.get(bo);
  const length = file.sizes.get(bo);
  if (va === undefined || length === undefined) return;
  file.iovas.delete(bo);
  file.mm.release(va, length);
  bind(file, at, { kind: "unmap", bo: 0, boOffset: 0, va, length, flags: 0 }, out);
}

function bind(file: FileState, { t, f }: Request, op: NeutralBindOp, out: NeutralRequest[]): void {
  out.push({ t, f, op: "vm_bind", vm: file.vm, async: true, ops: [op] });
}

/** What msm binds is whole: maps, unmaps, null maps. */
function neutralOp(op: BindOp): NeutralBindOp {
  const { bo, boOffset, va, length } = op;
  return { kind: op.kind as NeutralBindOp["kind"], bo, boOffset, va, length, flags: 0 };
}
