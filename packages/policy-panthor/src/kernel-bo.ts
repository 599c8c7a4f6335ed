import { ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { KIB4, MIB2 } from "@gpuvm/drm-model";
import { PanthorBo, pinBo, unpinBo } from "./bo.ts";
import type { Panthor } from "./device.ts";
import { execOp } from "./exec-op.ts";
import { VA_INTERNAL } from "./flags.ts";
import { cleanupOp, OpCtx, type OpReason, prepareMap, prepareUnmap } from "./op-ctx.ts";
import type { PanthorVm } from "./vm.ts";

/** An object of the driver's own, mapped in the kernel's part of a VM (`struct panthor_kernel_bo`). */
export interface KernelBo {
  /** Who holds the object and the VM for it. */
  readonly owner: Holder;
  /** Counted. */
  readonly vm: PanthorVm;
  /** Counted. */
  readonly bo: PanthorBo;
  /** First address (`va_node`). */
  readonly va: number;
  /** It is pinned for its whole life, as the firmware's are. */
  readonly pinned: boolean;
}

/**
 * Makes and maps one (`panthor_kernel_bo_create`).
 *
 * @param owner who holds it
 * @returns the object, or -ENOMEM
 */
export function* kernelBoCreate(
  panthor: Panthor,
  vm: PanthorVm,
  size: number,
  owner: Holder,
): Steps<KernelBo | Errno> {
  if (!panthor.machine.dev.mayAlloc("panthor kernel bo")) return -ENOMEM;
  const bo = new PanthorBo(panthor, Math.ceil(size / KIB4) * KIB4, vm.gpuvm.rObj, owner);
  const va = vm.mm.alloc(bo.size, bo.size >= MIB2 ? MIB2 : KIB4);
  let ret: Errno = -ENOMEM;
  if (va !== null) {
    const ctx = new OpCtx(panthor, "map", "internal", va, bo.size, VA_INTERNAL);
    ret = yield* prepareMap(panthor, vm, ctx, bo, 0);
    if (ret === 0) {
      ret = yield* execOp(panthor, vm, ctx, false);
      yield* cleanupOp(panthor, vm, ctx);
    }
    const pinned = ret === 0 && vm === panthor.mcu;
    if (pinned) ret = yield* pinBo(bo);
    if (ret === 0) {
      vm.gpuvm.get(owner);
      return { owner, vm, bo, va, pinned };
    }
    vm.mm.release(va, bo.size);
  }
  bo.put(owner);
  return ret;
}

/**
 * Takes one away (`panthor_kernel_bo_destroy`). That its range can't be unmapped does not matter: the address is given
 * back in any case.
 */
export function* kernelBoDestroy(panthor: Panthor, kbo: KernelBo): Steps<void> {
  const { vm, bo, owner, va } = kbo;
  const ret = yield* unmapRange(panthor, vm, va, bo.size, "internal");
  // Before the fix the VA node stayed in the allocator when the unmap failed.
  if (ret === 0 || !panthor.defects.has("PA1")) vm.mm.release(va, bo.size);
  else {
    const what = `the VA node at 0x${va.toString(16)} stays in the allocator, and is freed with the kernel BO`;
    panthor.machine.hazard("dangling-list", vm.gpuvm.name, what);
  }
  if (kbo.pinned) yield* unpinBo(bo);
  bo.put(owner);
  vm.gpuvm.put(owner);
}

/** Unmaps a range, at once (`panthor_vm_unmap_range`). */
export function* unmapRange(
  panthor: Panthor,
  vm: PanthorVm,
  va: number,
  size: number,
  reason: OpReason,
): Steps<Errno> {
  const ctx = new OpCtx(panthor, "unmap", reason, va, size);
  let ret = yield* prepareUnmap(panthor, vm, ctx);
  if (ret !== 0) return ret;
  ret = yield* execOp(panthor, vm, ctx, false);
  // A1: asahi's teardown queued its zombies as binds do, and nobody drained the queue.
  yield* cleanupOp(panthor, vm, ctx, !(reason === "teardown" && panthor.defects.has("A1")));
  return ret;
}
