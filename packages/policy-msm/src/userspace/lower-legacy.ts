import {
  aroundCall,
  type Lowerer,
  type NeutralRequest,
  type NeutralSubmit,
  type NeutralVmBind,
  perFile,
  type Request,
  type SyncOp,
  syncCounts,
} from "@gpuvm/drm-model";
import { MSM_BO_WC, MSM_PREP_READ, MSM_PREP_WRITE, MSM_SUBMIT_NO_IMPLICIT } from "../drv/uapi.ts";
import { Mapped } from "./mapped.ts";
import { queueNumber } from "./queue-number.ts";
import { syncFlags } from "./sync-flags.ts";

/** What is known of one file. */
class FileState {
  /** What each of the program's address spaces would hold; msm has one for all. */
  readonly vms: Map<number, Mapped> = new Map();
  /** Buffers whose address was asked for. */
  readonly told: Set<number> = new Set();
}

/**
 * Speaks the interface with buffer lists, as freedreno does: a buffer's address is asked for once, nothing is ever
 * unmapped, and each submit lists its buffers. An address, a partial mapping, or a null mapping cannot be asked for.
 */
export function lowerLegacy(): Lowerer {
  return perFile(() => new FileState(), lowerOne);
}

function lowerOne(file: FileState, request: NeutralRequest): readonly Request[] {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new": {
      const { op, bo, size } = request;
      return [{ t, f, op, bo, size, flags: MSM_BO_WC }];
    }
    case "gem_close":
      for (const mapped of file.vms.values()) mapped.forget(request.bo);
      file.told.delete(request.bo);
      return [request];
    case "vm_create":
      file.vms.set(request.vm, new Mapped());
      return [];
    case "vm_destroy":
      file.vms.delete(request.vm);
      return [];
    case "vm_bind": {
      const out: Request[] = [];
      const mapped = file.vms.get(request.vm);
      for (const op of request.ops) {
        mapped?.apply(op);
        if (op.kind !== "map" || file.told.has(op.bo)) continue;
        file.told.add(op.bo);
        out.push({ t, f, op: "get_iova", bo: op.bo });
      }
      return aroundCall(request, afterBind(request), out);
    }
    case "queue_new":
      return [{ t, f, op: "queue_new", queue: queueNumber(request.queue), flags: 0, prio: 1 }];
    case "queue_close":
    case "wait_fence":
      return [{ ...request, queue: queueNumber(request.queue) }];
    case "submit":
      return [lowerSubmit(file, request)];
    case "cpu_prep":
      // A poll that found the buffer busy asked nothing of the kernel that matters to memory.
      if (request.busy === true) return [];
      return [{ t, f, op: "cpu_prep", bo: request.bo, flags: MSM_PREP_READ | MSM_PREP_WRITE }];
    default:
      return [request];
  }
}

/**
 * What a bind waits for and signals, where nothing is unmapped and a mapping waits for nothing: without a signal there is
 * nothing to wait for.
 */
function afterBind({ syncOps = [] }: NeutralVmBind): readonly SyncOp[] {
  const ops = syncOps.flat();
  return ops.some(({ wait }) => !wait) ? ops : [];
}

/** Everything mapped counts as read where the program gives no list, and nothing is synchronised implicitly. */
function lowerSubmit(file: FileState, request: NeutralSubmit): Request {
  const { t, f, op, fence, work, syncOps } = request;
  const queue = queueNumber(request.queue);
  const explicit = request.bos === null;
  const bos = request.bos ?? (work ? (file.vms.get(request.vm)?.bos ?? []) : []);
  const lowered = {
    ...{ t, f, op, queue, bos },
    writes: explicit ? [] : request.writes,
    flags: (explicit ? MSM_SUBMIT_NO_IMPLICIT : 0) + syncFlags(syncOps),
    cmds: work ? 1 : 0,
    ...(syncOps === undefined ? {} : { ...syncCounts(syncOps), syncOps }),
  };
  return fence === undefined ? lowered : { ...lowered, fence };
}
