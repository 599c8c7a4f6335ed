import {
  type BindKind,
  type BindOp,
  isSyncobjRequest,
  type Lowerer,
  type NeutralBindOp,
  type NeutralRequest,
  type Request,
  type SyncOp,
  syncCounts,
} from "@gpuvm/drm-model";
import { BIND_SPARSE, GART, NO_SHARE, VRAM } from "../gem/domains.ts";
import { Sparse } from "./sparse.ts";
import { Windows, WindowTable } from "./windows.ts";

/** The kernel's part of the address space, as NVK asks for it. */
const KVA: number = 2 ** 39;
const KSIZE: number = 2 ** 39;

/** One of the program's VMs, in the file's only one. */
interface Vm {
  readonly windows: Windows;
  readonly sparse: Sparse;
  /** What was ever mapped, by its first address, until the VM goes. */
  readonly used: Map<number, number>;
}

interface File {
  readonly table: WindowTable;
  readonly vms: Map<number, Vm>;
  /** Binds are on their way that the next work has to wait for. */
  pending: boolean;
  /** The program has a syncobj that the driver's own binds signal. */
  ownSyncobj: boolean;
}

/** Number of that syncobj: beyond those of recordings. */
const OWN_SYNCOBJ = 2 ** 31;

/** Phrases what a program wants as the Vulkan driver NVK would: VM_INIT first, VM_BIND, EXEC. */
export function lowerToBinds(): Lowerer {
  const files = new Map<number, File>();
  return (request) => {
    const { t, f } = request;
    const out: Request[] = [];
    let file = files.get(f);
    if (file === undefined && request.op !== "close" && request.op !== "end") {
      file = { table: new WindowTable(), vms: new Map(), pending: false, ownSyncobj: false };
      files.set(f, file);
      out.push({ t, f, op: "vm_init", kva: KVA, ksize: KSIZE });
    }
    if (request.op === "close") files.delete(f);
    if (file === undefined) out.push(request as Request);
    else lowerOne(file, request, out);
    return out;
  };
}

function lowerOne(file: File, request: NeutralRequest, out: Request[]): void {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new": {
      const domain = VRAM | GART | (request.vm === undefined ? 0 : NO_SHARE);
      out.push({ t, f, op: "gem_new", bo: request.bo, size: request.size, domain, align: 4096 });
      break;
    }
    case "vm_bind": {
      const vm = vmOf(file, request.vm);
      const calls: BindOp[][] = [[]];
      for (const op of request.ops) lowerBind(vm, op, calls);
      const { async } = request;
      if (request.syncOps !== undefined) {
        out.push(...bindBetween(request, request.syncOps.flat(), calls));
        break;
      }
      // What goes must not go under work that uses it.
      const waits = async && request.ops.every(({ kind }) => kind === "unmap");
      if (async) file.pending = true;
      for (const ops of calls) {
        if (ops.length === 0) continue;
        out.push({ t, f, op: "vm_bind", async, in: waits ? 1 : 0, out: async ? 1 : 0, ops });
      }
      break;
    }
    case "vm_destroy": {
      const vm = file.vms.get(request.vm);
      file.vms.delete(request.vm);
      // The kernel's VM stays until the file closes.
      const calls: BindOp[][] = [[]];
      for (const [va, length] of vm?.used ?? []) if (vm !== undefined) unmap(vm, va, length, calls);
      for (const ops of calls) {
        if (ops.length > 0) out.push({ t, f, op: "vm_bind", async: false, in: 0, out: 0, ops });
      }
      break;
    }
    case "queue_new":
      vmOf(file, request.vm);
      out.push({ t, f, op: "channel_new", channel: request.queue });
      break;
    case "submit": {
      const push = request.work ? [[4096, 64] as const] : [];
      if (request.syncOps !== undefined) {
        const before = file.pending ? waitForBinds(file, request, out) : [];
        const syncOps = [...before, ...request.syncOps];
        out.push({
          t,
          f,
          op: "exec",
          channel: request.queue,
          push,
          ...syncCounts(syncOps),
          syncOps: [syncOps],
        });
        file.pending = false;
        break;
      }
      out.push({ t, f, op: "exec", channel: request.queue, push, in: file.pending ? 1 : 0, out: 1 });
      file.pending = false;
      break;
    }
    case "gem_close":
    case "queue_close":
    case "prime_export":
    case "prime_import":
    case "close":
    case "end":
      out.push(request);
      break;
    default:
      // Caches and waits are the program's own affair here: there is nothing to ask of the kernel.
      if (isSyncobjRequest(request)) out.push(request);
      break;
  }
}

/** Binds are done in their order: the first call waits, the last signals. Only those that the program does not wait for may. */
function bindBetween(
  { t, f }: NeutralRequest,
  syncs: readonly SyncOp[],
  calls: readonly (readonly BindOp[])[],
): readonly Request[] {
  const some = calls.filter((ops) => ops.length > 0);
  const all = some.length === 0 ? [[]] : some;
  return all.map((ops, i) => {
    const own = syncs.filter(({ wait }) => (wait ? i === 0 : i === all.length - 1));
    return { t, f, op: "vm_bind", async: true, ...syncCounts(own), ops, syncOps: [own] };
  });
}

/** Work that says what it waits for has to name the binds before it, too: one without operations signals behind them. */
function waitForBinds(file: File, { t, f }: NeutralRequest, out: Request[]): readonly SyncOp[] {
  if (!file.ownSyncobj) out.push({ t, f, op: "syncobj_create", syncobj: OWN_SYNCOBJ });
  file.ownSyncobj = true;
  const syncOps = [[{ handle: OWN_SYNCOBJ, wait: false }]];
  out.push({ t, f, op: "vm_bind", async: true, in: 0, out: 1, ops: [], syncOps });
  return [{ handle: OWN_SYNCOBJ, wait: true }];
}

function vmOf(file: File, id: number): Vm {
  let vm = file.vms.get(id);
  if (vm === undefined) {
    vm = { windows: new Windows(file.table, `vm ${id}`), sparse: new Sparse(), used: new Map() };
    file.vms.set(id, vm);
  }
  return vm;
}

function lowerBind(vm: Vm, op: NeutralBindOp, calls: BindOp[][]): void {
  for (const { va, skip, length } of vm.windows.place(op.va, op.length)) {
    if (op.kind === "unmap") unmap(vm, va, length, calls);
    else {
      if ((vm.used.get(va) ?? 0) < length) vm.used.set(va, length);
      if (op.kind === "map") map(vm, op.bo, op.boOffset + skip, va, length, calls);
      else nullPages(vm, va, length, calls);
    }
  }
}

/** A map lies in one sparse region or in none. */
function map(vm: Vm, bo: number, boOffset: number, va: number, length: number, calls: BindOp[][]): void {
  for (const { at } of vm.sparse.pieces(va, length)) {
    push(calls, { kind: "map", bo, boOffset: boOffset + (at.va - va), ...at, flags: 0 });
  }
}

/** What is in a region only loses its memory; the rest becomes a region, which must be empty before. */
function nullPages(vm: Vm, va: number, length: number, calls: BindOp[][]): void {
  for (const { at, sparse } of vm.sparse.pieces(va, length)) {
    push(calls, bare("unmap", at, 0));
    if (sparse) continue;
    // A call of its own: it waits for unmaps of other calls, and knows nothing of those of its own.
    calls.push([]);
    push(calls, bare("map", at, BIND_SPARSE));
    vm.sparse.add(at.va, at.length);
  }
}

/** A region goes as a whole. What goes of it before reads as zero until then. */
function unmap(vm: Vm, va: number, length: number, calls: BindOp[][]): void {
  for (const { at, sparse, whole } of vm.sparse.pieces(va, length)) {
    if (sparse && whole) {
      push(calls, bare("unmap", at, BIND_SPARSE));
      // Only another call may map there again, and it waits.
      calls.push([]);
      vm.sparse.remove(at.va, at.length);
    } else push(calls, bare("unmap", at, 0));
  }
}

function bare(kind: BindKind, at: { readonly va: number; readonly length: number }, flags: number): BindOp {
  return { kind, bo: 0, boOffset: 0, ...at, flags };
}

/** Adds an operation to the last call. */
function push(calls: BindOp[][], op: BindOp): void {
  calls.at(-1)?.push(op);
}
