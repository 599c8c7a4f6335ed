import { EINVAL, ENOENT, type Errno } from "@gpuvm/core";
import { type BindOp, isAligned, type VmBind } from "@gpuvm/drm-model";
import { BIND_FLAGS, BIND_NULL } from "../flags.ts";
import type { XeBo } from "../memory/bo.ts";
import type { XeVm } from "../vm/vm.ts";
import type { XeFile } from "../xe-file.ts";
import { BindExecQueue } from "./bind-exec-queue.ts";

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
    if (!isAligned(op.va, 4096) || !isAligned(op.length, 4096) || !isAligned(op.boOffset, 4096))
      return -EINVAL;
  }
  return 0;
}

/** The bind queue of a call: it must be one, and of this VM; null: the VM's own. */
export function lookupQueue(file: XeFile, vm: XeVm, req: VmBind): BindExecQueue | null | Errno {
  if (req.queue === undefined || req.queue === 0) return null;
  const queue = file.queues.get(req.queue);
  if (queue === undefined) return -ENOENT;
  return !(queue instanceof BindExecQueue) || queue.vm !== vm ? -EINVAL : queue;
}

/** Every range lies in the address space. */
export function checkRanges(vm: XeVm, ops: readonly BindOp[]): Errno {
  for (const { va, length } of ops) if (length > vm.size || va > vm.size - length) return -EINVAL;
  return 0;
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
  if (op.bo === 0) return null;
  const bo = file.lookup(op.bo, "ioctl");
  if (bo === null) return -ENOENT;
  const fits = op.boOffset + op.length <= bo.size;
  if (fits && (bo.vm === null || bo.vm === vm)) return bo;
  bo.put("ioctl");
  return -EINVAL;
}
