import {
  type BindOp,
  type Lowerer,
  type NeutralBindOp,
  type NeutralRequest,
  perFile,
  type Request,
  type SyncOp,
  syncCounts,
  Windows,
} from "@gpuvm/drm-model";
import {
  MSM_BO_NO_SHARE,
  MSM_BO_WC,
  MSM_PREP_READ,
  MSM_PREP_WRITE,
  MSM_SUBMIT_FENCE_FD_IN,
  MSM_SUBMIT_NO_IMPLICIT,
  MSM_SUBMITQUEUE_VM_BIND,
} from "../drv/uapi.ts";
import { VM_SIZE, VM_START } from "../vma/vm.ts";
import { Mapped } from "./mapped.ts";
import { queueNumber } from "./queue-number.ts";
import { syncFlags } from "./sync-flags.ts";

/** Beyond every address space: where addresses are put that must be moved. */
const ELSEWHERE = 2 ** 60;

/** What is known of one file. */
class FileState {
  /** The program opted in, and has its queue for binds. */
  enabled = false;
  /** The program's address spaces, in order; msm has one for all, with windows for each. */
  readonly vms: Map<number, { readonly nth: number; readonly mapped: Mapped }> = new Map();
  readonly windows: Windows = new Windows(VM_START + VM_SIZE);

  /** Where a range of the nth address space lies: in place if that is free, and not below the start of the VM. */
  place(nth: number, va: number, length: number): { skip: number; va: number; length: number }[] {
    if (nth > 0) return this.windows.place(va + nth * ELSEWHERE, length);
    const below = Math.max(0, Math.min(length, VM_START - va));
    const low = below === 0 ? [] : this.windows.place(va + ELSEWHERE / 2, below);
    if (below === length) return low;
    const rest = this.windows.place(va + below, length - below);
    return [...low, ...rest.map((piece) => ({ ...piece, skip: piece.skip + below }))];
  }
}

/** Speaks VM_BIND, as turnip does: private buffers, binds that nothing waits for but the next submit. */
export function lowerVmBind(): Lowerer {
  return perFile(() => new FileState(), lowerOne);
}

function lowerOne(file: FileState, request: NeutralRequest): readonly Request[] {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new": {
      const { op, bo, size, vm } = request;
      return [{ t, f, op, bo, size, flags: MSM_BO_WC | (vm === undefined ? 0 : MSM_BO_NO_SHARE) }];
    }
    case "vm_create":
      file.vms.set(request.vm, { nth: file.vms.size, mapped: new Mapped() });
      if (file.enabled) return [];
      file.enabled = true;
      return [
        { t, f, op: "enable_vm_bind" },
        { t, f, op: "queue_new", queue: bindQueue(f), flags: MSM_SUBMITQUEUE_VM_BIND, prio: 0 },
      ];
    case "vm_destroy": {
      const runs = file.vms.get(request.vm)?.mapped.runs ?? [];
      const ops = runs.map(({ start, end }): NeutralBindOp => {
        return { kind: "unmap", bo: 0, boOffset: 0, va: start, length: end - start, flags: 0 };
      });
      return ops.length === 0 ? [] : [lowerBind(file, request, request.vm, ops)];
    }
    case "vm_bind":
      return [lowerBind(file, request, request.vm, request.ops, request.syncOps?.flat())];
    case "queue_new":
      return [{ t, f, op: "queue_new", queue: queueNumber(request.queue), flags: 0, prio: 1 }];
    case "queue_close":
    case "wait_fence":
      return [{ ...request, queue: queueNumber(request.queue) }];
    case "submit": {
      const { op, fence, work, syncOps } = request;
      const queue = queueNumber(request.queue);
      const counts = syncOps === undefined ? { in: 0, out: 1 } : syncCounts(syncOps);
      const flags = MSM_SUBMIT_FENCE_FD_IN + MSM_SUBMIT_NO_IMPLICIT + syncFlags(syncOps);
      const told = syncOps === undefined ? {} : { syncOps };
      const lowered = { t, f, op, queue, bos: [], writes: [], flags, cmds: work ? 1 : 0, ...counts, ...told };
      return [fence === undefined ? lowered : { ...lowered, fence }];
    }
    case "cpu_prep":
      if (request.busy === true) return [];
      return [{ t, f, op: "cpu_prep", bo: request.bo, flags: MSM_PREP_READ | MSM_PREP_WRITE }];
    default:
      return [request];
  }
}

function lowerBind(
  file: FileState,
  { t, f }: NeutralRequest,
  vm: number,
  asked: readonly NeutralBindOp[],
  syncs?: readonly SyncOp[],
): Request {
  const state = file.vms.get(vm);
  const ops: BindOp[] = [];
  for (const op of asked) {
    state?.mapped.apply(op);
    for (const { skip, va, length } of file.place(state?.nth ?? 0, op.va, op.length)) {
      const isMap = op.kind === "map";
      ops.push({ ...op, bo: isMap ? op.bo : 0, boOffset: isMap ? op.boOffset + skip : 0, va, length });
    }
  }
  const told = syncs === undefined ? {} : { syncOps: [syncs] };
  return { t, f, op: "vm_bind", queue: bindQueue(f), ...syncCounts(syncs ?? []), ops, ...told };
}

/** A number that no queue of a trace has. */
function bindQueue(f: number): number {
  return 2_000_000 + f;
}
