import { EINVAL, ENOENT, type Errno, type Steps } from "@gpuvm/core";
import type { BindOp, RequestOf } from "@gpuvm/drm-model";
import type { PvrFile } from "../file.ts";
import { rulesOf } from "../history/rules.ts";
import { heapContaining } from "./heaps.ts";
import { pvrVmMap } from "./map.ts";
import type { PvrVmContext } from "./vm-context.ts";
import { putVmContext } from "./vm-life.ts";

/**
 * Answers VM_MAP and VM_UNMAP (`pvr_ioctl_vm_map`, `pvr_ioctl_vm_unmap`), each of one operation. More operations in a
 * request are as many calls, up to the first that fails.
 *
 * @returns 0; -EINVAL for an unknown VM or kind, or an address in no heap; -ENOENT for an unknown buffer or mapping
 */
export function* bindIoctl(file: PvrFile, request: RequestOf<"vm_bind">): Steps<Errno> {
  for (const op of request.ops) {
    if (op.kind === "map" && heapContaining(op.va, op.length) === null) return -EINVAL;
    const ctx = request.vm === undefined ? undefined : file.vmContexts.get(request.vm);
    if (ctx === undefined) return -EINVAL;
    ctx.get("ioctl");
    const ret = yield* bindOne(file, ctx, op);
    ctx.record.applied();
    yield* putVmContext(ctx, "ioctl");
    if (ret !== 0) return ret;
  }
  return 0;
}

function* bindOne(file: PvrFile, ctx: PvrVmContext, op: BindOp): Steps<Errno> {
  if (op.kind === "unmap") return yield* rulesOf(ctx.pvr).unmap(ctx, op.va, op.length);
  if (op.kind !== "map") return -EINVAL;
  const bo = file.lookup(op.bo, "ioctl");
  if (bo === null) return -ENOENT;
  const ret = yield* pvrVmMap(ctx, bo, op.boOffset, op.va, op.length, "program");
  bo.put("ioctl");
  return ret;
}
