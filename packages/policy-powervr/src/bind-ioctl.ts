import { EINVAL, ENOENT, type Errno, type Steps } from "@gpuvm/core";
import type { RequestOf } from "@gpuvm/drm-model";
import { pvrVmMap, pvrVmUnmap } from "./bind.ts";
import type { PvrFile } from "./file.ts";
import { putVmContext } from "./vm-context.ts";

/**
 * Answers VM_MAP and VM_UNMAP (`pvr_ioctl_vm_map`, `pvr_ioctl_vm_unmap`), each of one operation. More operations in a
 * request are as many calls, up to the first that fails.
 *
 * @returns 0; -EINVAL for an unknown VM or kind; -ENOENT for an unknown buffer or mapping
 */
export function* bindIoctl(file: PvrFile, request: RequestOf<"vm_bind">): Steps<Errno> {
  for (const { kind, bo, boOffset, va, length } of request.ops) {
    const ctx = request.vm === undefined ? undefined : file.vmContexts.get(request.vm);
    if (ctx === undefined) return -EINVAL;
    ctx.get("ioctl");
    let ret: Errno = -EINVAL;
    if (kind === "map") {
      const obj = file.lookup(bo, "ioctl");
      ret = obj === null ? -ENOENT : yield* pvrVmMap(ctx, obj, boOffset, va, length, true);
      obj?.put("ioctl");
    } else if (kind === "unmap") {
      ret = yield* pvrVmUnmap(ctx, va, length);
    }
    ctx.record.applied();
    yield* putVmContext(ctx, "ioctl");
    if (ret !== 0) return ret;
  }
  return 0;
}
