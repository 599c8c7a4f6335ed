import { ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { KIB4, MIB2 } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_INTERNAL } from "../flags.ts";
import { execOp } from "../mmu/exec-op.ts";
import { OpCtx, type OpReason } from "../mmu/op-ctx.ts";
import { cleanupOp, prepareMap, prepareUnmap } from "../mmu/prepare.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { pinBo, unpinBo, vmapBo, vunmapBo } from "./backing.ts";
import { type KernelBo, PanthorBo } from "./bo.ts";

/**
 * Makes and maps one (`panthor_kernel_bo_create`).
 *
 * @param owner who holds it
 * @param at its address, outside of the part where the driver places things; default: placed by the driver
 * @returns the object, or -ENOMEM
 */
export function* kernelBoCreate(
  panthor: Panthor,
  vm: PanthorVm,
  name: string,
  size: number,
  owner: Holder,
  at?: number,
): Steps<KernelBo | Errno> {
  if (!panthor.machine.dev.mayAlloc("panthor kernel bo")) return -ENOMEM;
  const rootGem = vm.gpuvm.rObj;
  const bo = new PanthorBo(panthor, { size: Math.ceil(size / KIB4) * KIB4, rootGem, holder: owner });
  const firmware = vm === panthor.mcu;
  let ret: Errno = firmware ? yield* pinBo(panthor, bo) : 0;
  if (ret === 0) {
    const placed = at === undefined;
    const va = placed ? vm.mm.alloc(bo.size, bo.size >= MIB2 ? MIB2 : KIB4) : at;
    ret = va === null ? -ENOMEM : yield* mapRange(panthor, vm, bo, va);
    if (ret === 0) {
      vm.gpuvm.get(owner);
      const kbo = {
        name,
        owner,
        gpuvm: vm.gpuvm,
        bo,
        pinned: firmware,
        va: va as number,
        placed,
        vmapped: false,
      };
      panthor.onKernelBo?.(kbo, true);
      return kbo;
    }
    if (va !== null && placed) vm.mm.release(va, bo.size);
    if (firmware) yield* unpinBo(panthor, bo);
  }
  bo.put(owner);
  return ret;
}

/** Maps a whole object, at once (`panthor_vm_map_bo_range`). */
function* mapRange(panthor: Panthor, vm: PanthorVm, bo: PanthorBo, va: number): Steps<Errno> {
  const ctx = new OpCtx(panthor.machine.dev, "map", "internal", va, bo.size, VA_INTERNAL);
  let ret = yield* prepareMap(panthor, vm, ctx, bo, 0);
  if (ret !== 0) return ret;
  ret = yield* execOp(panthor, vm, ctx, false);
  yield* cleanupOp(panthor, vm, ctx);
  return ret;
}

/** Maps it for the kernel (`panthor_kernel_bo_vmap`). */
export function* kernelBoVmap(panthor: Panthor, kbo: KernelBo): Steps<Errno> {
  if (kbo.vmapped) return 0;
  const ret = yield* vmapBo(panthor, kbo.bo);
  kbo.vmapped = ret === 0;
  return ret;
}

/** Undoes {@link kernelBoVmap} (`panthor_kernel_bo_vunmap`). */
export function* kernelBoVunmap(panthor: Panthor, kbo: KernelBo): Steps<void> {
  if (!kbo.vmapped) return;
  kbo.vmapped = false;
  yield* vunmapBo(panthor, kbo.bo);
}

/**
 * Takes one away (`panthor_kernel_bo_destroy`). That its range can't be unmapped does not matter: the address is given
 * back in any case.
 */
export function* kernelBoDestroy(panthor: Panthor, kbo: KernelBo): Steps<void> {
  const { gpuvm, bo, owner, va, placed } = kbo;
  const vm = panthor.vms.get(gpuvm) as PanthorVm;
  panthor.onKernelBo?.(kbo, false);
  yield* kernelBoVunmap(panthor, kbo);
  const ret = yield* unmapRange(panthor, vm, va, bo.size, "internal");
  // Before the fix the VA node stayed in the allocator when the unmap failed.
  if (ret === 0 || !panthor.defects.has("PA1")) {
    if (placed) vm.mm.release(va, bo.size);
  } else {
    const what = `the VA node at 0x${va.toString(16)} stays in the allocator, and is freed with the kernel BO`;
    panthor.machine.hazard("dangling-list", vm.gpuvm.name, what);
  }
  if (kbo.pinned) yield* unpinBo(panthor, bo);
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
  const ctx = new OpCtx(panthor.machine.dev, "unmap", reason, va, size);
  let ret = yield* prepareUnmap(panthor, vm, ctx);
  if (ret !== 0) return ret;
  ret = yield* execOp(panthor, vm, ctx, false);
  // A1: asahi's teardown queued its zombies as binds do, and nobody drained the queue.
  yield* cleanupOp(panthor, vm, ctx, !(reason === "teardown" && panthor.defects.has("A1")));
  return ret;
}
