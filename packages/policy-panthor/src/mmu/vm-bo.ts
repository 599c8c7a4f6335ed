import {
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Gpuva,
  gemVmBos,
  gpuvaBo,
  gpuvaFree,
  gpuvaLink,
  gpuvaUnlink,
  gpuvaUnlinkDefer,
  gpuvmBoCreate,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoGet,
  gpuvmBoObtainPrealloc,
  gpuvmBoPut,
  gpuvmBoPutDeferred,
  type Steps,
} from "@gpuvm/core";
import { lock, lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { unpinBo } from "../gem/backing.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { updateReclaimState } from "../gem/reclaim.ts";
import type { OpCtx } from "./op-ctx.ts";
import type { PanthorVm } from "./vm.ts";

/*
 * vm_bos in the two styles of the driver: with the core's deferral (6.19 on), or by hand (6.12): links are dropped in the
 * job, but each dead VMA keeps its vm_bo until the operation is cleaned up.
 */

/** The vm_bo of VM and object for an operation (`drm_gpuvm_bo_obtain_prealloc`); null: no memory. */
export function* obtainVmBo(
  panthor: Panthor,
  vm: PanthorVm,
  bo: PanthorBo,
  ctx: OpCtx,
): Steps<DrmGpuvmBo | null> {
  const { gpuvm } = vm;
  const { dev, counts } = panthor.machine;
  const prealloc = gpuvmBoCreate(gpuvm, bo, ctx);
  if (prealloc === null) return null;
  const vmBo = panthor.gen.immediate
    ? yield* obtainPrealloc619(panthor, prealloc, ctx)
    : yield* obtainPrealloc612(gpuvm, prealloc, ctx);
  if (vmBo === prealloc) counts.vmBosCreated++;
  // One pin for each vm_bo, however many operations made one. In immediate mode freeing the spare one has dropped it.
  else if (!panthor.gen.immediate) yield* unpinBo(panthor, bo);
  return vmBo;

  function* obtainPrealloc612(inVm: DrmGpuvm, made: DrmGpuvmBo, holder: OpCtx): Steps<DrmGpuvmBo> {
    const locked = !panthor.defects.has("PA3");
    if (locked) yield* lock(dev, inVm.resv, "panthor_vm_prepare_map_op_ctx");
    yield* lock(dev, bo.gpuvaLock, "panthor_vm_prepare_map_op_ctx");
    const found = gpuvmBoFind(inVm, bo, holder);
    if (found === null) gemVmBos(bo).push(made.onGem);
    else gpuvmBoPut(made, holder);
    unlock(dev, bo.gpuvaLock);
    if (locked) unlock(dev, inVm.resv);
    return found ?? made;
  }
}

function* obtainPrealloc619(panthor: Panthor, prealloc: DrmGpuvmBo, ctx: OpCtx): Steps<DrmGpuvmBo> {
  if (!panthor.defects.has("PA4")) return yield* gpuvmBoObtainPrealloc(prealloc, ctx);
  // Before 9ce4aef9a5b1 the caller held the object's gpuva lock over the discard, and so over `vm_bo_free`.
  const { vm, obj } = prealloc;
  const { dev } = vm;
  yield* lock(dev, obj.gpuvaLock, "panthor_vm_prepare_map_op_ctx");
  const found = gpuvmBoFind(vm, obj, ctx);
  if (found === null) gemVmBos(obj).push(prealloc.onGem);
  else {
    dev.lockdep?.assertNotHeld(dev.current, obj.gpuvaLock, "panthor_vm_bo_free");
    gpuvmBoPut(prealloc, ctx);
  }
  unlock(dev, obj.gpuvaLock);
  return found ?? prealloc;
}

/** Puts an external object on the VM's list, when nothing can fail any more. */
export function* addExtobj(vm: PanthorVm, vmBo: DrmGpuvmBo): Steps<void> {
  const { dev } = vm.gpuvm;
  yield* lock(dev, vm.gpuvm.resv, "panthor_vm_prepare_map_op_ctx");
  gpuvmBoExtobjAdd(vmBo);
  unlock(dev, vm.gpuvm.resv);
}

/** `panthor_vma_link`. In 6.12 the VMA takes over a reference of `from`; else it takes its own. */
export function* linkVma(panthor: Panthor, vm: PanthorVm, va: Gpuva, vmBo: DrmGpuvmBo): Steps<void> {
  const { dev } = panthor.machine;
  yield* lock(dev, vmBo.obj.gpuvaLock, "panthor_vma_link");
  gpuvaLink(vm.gpuvm, va, vmBo);
  unlock(dev, vmBo.obj.gpuvaLock);
}

/** The operation's own reference goes, once the VMA has its own (`sm_step_map`). */
export function* dropOpVmBo(panthor: Panthor, ctx: OpCtx): Steps<void> {
  const { vmBo } = ctx;
  if (vmBo === null) return;
  ctx.vmBo = null;
  if (panthor.gen.immediate) yield* gpuvmBoPutDeferred(vmBo, ctx);
  else gpuvmBoPut(vmBo, ctx);
}

/** The end of a VMA that is out of the tree (`panthor_vma_unlink`). Runs in the signalling path: frees no vm_bo. */
export function* unlinkVma(panthor: Panthor, vm: PanthorVm, va: Gpuva, ctx: OpCtx): Steps<void> {
  const { gpuvm } = vm;
  const { dev } = panthor.machine;
  if (panthor.defects.has("PA5")) {
    // Without deferral the last link is freed here and now, in the signalling path.
    const { obj } = gpuvaBo(gpuvm, va) as DrmGpuvmBo;
    yield* lock(dev, obj.gpuvaLock, "panthor_vma_unlink");
    gpuvaUnlink(gpuvm, va);
    unlock(dev, obj.gpuvaLock);
    gpuvaFree(gpuvm, va);
    return;
  }
  if (panthor.gen.immediate) {
    yield* gpuvaUnlinkDefer(gpuvm, va);
    gpuvaFree(gpuvm, va);
    return;
  }
  // The unlink would drop the last reference: the dead VMA keeps one.
  const vmBo = gpuvmBoGet(gpuvaBo(gpuvm, va) as DrmGpuvmBo, ctx);
  yield* lock(dev, vmBo.obj.gpuvaLock, "panthor_vma_unlink");
  gpuvaUnlink(gpuvm, va);
  unlock(dev, vmBo.obj.gpuvaLock);
  ctx.returned.push({ va, vmBo });
}

/** Gives back what an operation left of vm_bos. */
export function* releaseVmBos(panthor: Panthor, vm: PanthorVm, ctx: OpCtx): Steps<void> {
  const { vmBo } = ctx;
  ctx.vmBo = null;
  if (panthor.gen.immediate) {
    if (vmBo !== null) yield* gpuvmBoPutDeferred(vmBo, ctx);
    return;
  }
  if (vmBo !== null) yield* vmBoPut612(panthor, vm, vmBo, ctx);
  for (const dead of ctx.returned.splice(0)) {
    yield* vmBoPut612(panthor, vm, dead.vmBo, ctx);
    gpuvaFree(vm.gpuvm, dead.va);
  }
}

/**
 * `panthor_vm_bo_put` (6.12): the locks that the last put needs live in the object and the VM, which it may free, so both
 * are held beyond it. With the vm_bo goes the pin.
 */
function* vmBoPut612(panthor: Panthor, vm: PanthorVm, vmBo: DrmGpuvmBo, ctx: OpCtx): Steps<void> {
  const bo = vmBo.obj as PanthorBo;
  const { gpuvm } = vm;
  const { dev } = gpuvm;
  bo.get(ctx);
  gpuvm.get(ctx);
  yield* lock(dev, gpuvm.resv, "panthor_vm_bo_put");
  yield* lock(dev, bo.gpuvaLock, "panthor_vm_bo_put");
  const last = gpuvmBoPut(vmBo, ctx);
  unlock(dev, bo.gpuvaLock);
  unlock(dev, gpuvm.resv);
  if (last) yield* unpinBo(panthor, bo);
  gpuvm.put(ctx);
  bo.put(ctx);
}

/** `panthor_vm_bo_free` while the vm_bo held the pin (6.19). */
export function* vmBoUnpin(vmBo: DrmGpuvmBo): Steps<void> {
  const bo = vmBo.obj as PanthorBo;
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_vm_bo_free");
  if (!bo.imported) bo.pins--;
  unlock(dev, bo.resv);
}

/** `panthor_vm_bo_free`: without this link the object may be easier to reclaim. Where it was unlinked, its dma_resv could not be taken. */
export function vmBoFree(panthor: Panthor): (vmBo: DrmGpuvmBo) => Steps<void> {
  return function* (vmBo) {
    const bo = vmBo.obj as PanthorBo;
    const { dev } = bo;
    yield* lockBriefly(dev, bo.resv, "panthor_vm_bo_free");
    yield* updateReclaimState(panthor, bo);
    unlock(dev, bo.resv);
  };
}
