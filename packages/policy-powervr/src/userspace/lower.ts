import {
  aroundCall,
  type BindOp,
  isSyncobjRequest,
  type Lowerer,
  type NeutralBindOp,
  type NeutralRequest,
  type NeutralSubmit,
  type Request,
} from "@gpuvm/drm-model";
import { ExactMaps } from "./exact-maps.ts";
import { Windows } from "./windows.ts";

/** Context and job of type compute: they need no render target. */
const COMPUTE_CONTEXT = 1;
const COMPUTE_JOB = 2;

/** Serials of buffers that the lowerer makes by itself: behind all that traces use. */
const OWN_BO = 2 ** 40;

/** The buffer that stands in for null pages, of which the driver has none: mapped as often as it takes. */
const NULL_BYTES = 2 ** 21;

interface Vm {
  readonly windows: Windows;
  readonly maps: ExactMaps;
}

/** Phrases what a program wants as the Vulkan driver pvr would. */
export function lower(): Lowerer {
  const vms = new Map<string, Vm>();
  const nullBos = new Map<number, number>();
  let serial = OWN_BO;

  const vmOf = (f: number, id: number, out: Request[], t: number): Vm => {
    const key = `${f}/${id}`;
    let vm = vms.get(key);
    if (vm === undefined) {
      vm = { windows: new Windows(), maps: new ExactMaps() };
      vms.set(key, vm);
      out.push({ t, f, op: "vm_create", vm: id });
    }
    return vm;
  };

  const nullBo = (f: number, t: number, out: Request[]): number => {
    let bo = nullBos.get(f);
    if (bo === undefined) {
      bo = serial++;
      nullBos.set(f, bo);
      out.push({ t, f, op: "gem_new", bo, size: NULL_BYTES, flags: 0 });
    }
    return bo;
  };

  /** One VM_MAP or VM_UNMAP each: the pieces of an operation, where they can be. */
  const bind = (vm: Vm, op: NeutralBindOp, zero: number, ops: BindOp[]): void => {
    for (const piece of vm.windows.place(op.va, op.length)) {
      const { va, skip, length } = piece;
      if (op.kind === "unmap") ops.push(...vm.maps.unmap(va, length));
      else if (op.kind === "map") ops.push(vm.maps.map(op.bo, op.boOffset + skip, va, length));
      else {
        for (let done = 0; done < length; done += NULL_BYTES) {
          ops.push(vm.maps.map(zero, 0, va + done, Math.min(NULL_BYTES, length - done)));
        }
      }
    }
  };

  return (request: NeutralRequest): readonly Request[] => {
    const { t, f } = request;
    const out: Request[] = [];
    switch (request.op) {
      case "gem_new":
        return [{ t, f, op: "gem_new", bo: request.bo, size: request.size, flags: 0 }];
      case "vm_create":
        vmOf(f, request.vm, out, t);
        return out;
      case "vm_destroy":
        vms.delete(`${f}/${request.vm}`);
        return [request];
      case "vm_bind": {
        const vm = vmOf(f, request.vm, out, t);
        const zero = request.ops.some(({ kind }) => kind === "map_null") ? nullBo(f, t, out) : 0;
        const ops: BindOp[] = [];
        for (const op of request.ops) bind(vm, op, zero, ops);
        const calls = ops.map((op) => ({ t, f, op: "vm_bind", vm: request.vm, ops: [op] }) as const);
        out.push(...aroundCall(request, request.syncOps?.flat() ?? [], calls));
        return out;
      }
      case "queue_new":
        vmOf(f, request.vm, out, t);
        out.push({ t, f, op: "queue_new", queue: request.queue, vm: request.vm, class: COMPUTE_CONTEXT });
        return out;
      case "submit":
        lowerSubmit(request, out);
        return out;
      case "close":
        nullBos.delete(f);
        for (const key of vms.keys()) if (key.startsWith(`${f}/`)) vms.delete(key);
        return [request];
      case "gem_close":
      case "queue_close":
      case "prime_export":
      case "prime_import":
      case "end":
        return [request];
      default:
        // Caches and waits are the program's own affair here: there is nothing to ask of the kernel.
        return isSyncobjRequest(request) ? [request] : [];
    }
  };
}

/** There are no jobs without commands: one that only signals is a small one. */
function lowerSubmit({ t, f, queue, work, syncOps = [] }: NeutralSubmit, out: Request[]): void {
  if (!work && syncOps.length === 0) return;
  const jobs = [[COMPUTE_JOB, queue, syncOps.length]] as const;
  const told = syncOps.length === 0 ? {} : { syncOps: [syncOps] };
  out.push({ t, f, op: "exec", jobs, ...told });
}
