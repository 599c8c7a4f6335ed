import { EINVAL, ENOENT, type Errno } from "@gpuvm/core";
import type { BindOp, VmBind } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import { BIND_FLAGS, BIND_NULL, CLASS_VM_BIND } from "./flags.ts";
import type { XeVm } from "./vm.ts";
import type { XeFile } from "./xe-file.ts";

/** Checks what needs neither VM nor objects (`vm_bind_ioctl_check_args`). */
export function checkArgs(ops: readonly BindOp[]): Errno {
  for (const op of ops) {
    const isNull = op.kind === "map_null" || (op.flags & BIND_NULL) !== 0;
    const map = op.kind === "map" || op.kind === "map_null";
    const all = op.kind === "unmap_all";
    if (op.kind === "sync" || (op.flags & ~BIND_FLAGS) !== 0) return -EINVAL;
    if (isNull && (op.bo !== 0 || op.boOffset !== 0 || !map)) return -EINVAL;
    if (op.bo === 0 ? all || (map && !isNull) : !map && !all) return -EINVAL;
    if (all && (op.va !== 0 || op.length !== 0)) return -EINVAL;
    if (!all && op.length === 0) return -EINVAL;
    if (op.va % 4096 !== 0 || op.length % 4096 !== 0 || op.boOffset % 4096 !== 0) return -EINVAL;
  }
  return 0;
}

/** The bind queue must be one, and of this VM. */
export function checkQueue(file: XeFile, vm: XeVm, req: VmBind): Errno {
  if (req.queue === undefined || req.queue === 0) return 0;
  const queue = file.queues.get(req.queue);
  if (queue === undefined) return -ENOENT;
  return queue.engineClass !== CLASS_VM_BIND || queue.vm !== vm ? -EINVAL : 0;
}

/**
 * Looks an operation's object up, with a reference of the call, and checks the operation against it
 * (`xe_vm_bind_ioctl_validate_bo`).
 *
 * A private object of another VM is refused: the uAPI forbids to map it, and no lock would be right for it.
 *
 * @returns the object; null for none; -errno
 */
export function lookupBo(file: XeFile, vm: XeVm, op: BindOp): XeBo | null | Errno {
  if (op.va + op.length > vm.size) return -EINVAL;
  if (op.bo === 0) return null;
  const bo = file.lookup(op.bo, "ioctl");
  if (bo === null) return -ENOENT;
  const fits = op.boOffset + op.length <= bo.size;
  if (fits && (bo.vm === null || bo.vm === vm)) return bo;
  bo.put("ioctl");
  return -EINVAL;
}
