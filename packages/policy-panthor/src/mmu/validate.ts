import {
  type DrmGpuvmBo,
  EINVAL,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaBo,
  gpuvmBoEvict,
  type Steps,
} from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_EVICTED, VA_SPARSE } from "../flags.ts";
import { getSgtLocked } from "../gem/backing.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { updateReclaimState } from "../gem/reclaim.ts";
import { OpCtx } from "./op-ctx.ts";
import { mapPages, mapSparse } from "./pages.ts";
import { reserveTables } from "./prepare.ts";
import { lockRegion, unlockRegion } from "./region.ts";
import type { PanthorVm } from "./vm.ts";

/**
 * An object whose pages were taken is wanted again (`panthor_vm_bo_validate`): the pages come back, and each evicted VMA
 * is mapped, one by one.
 */
export function vmBoValidate(panthor: Panthor): (vmBo: DrmGpuvmBo) => Steps<Errno> {
  return function* (vmBo) {
    const vm = panthor.vms.get(vmBo.vm) as PanthorVm;
    const bo = vmBo.obj as PanthorBo;
    if (bo.imported) {
      bo.dev.warn(`${bo.name} is validated, but it is another driver's`);
      return -EINVAL;
    }
    let ret = getSgtLocked(bo);
    while (ret === 0) {
      const va = yield* selectEvicted(vm, vmBo);
      if (va === 0) break;
      ret = yield* remapEvicted(panthor, vm, vmBo, va);
    }
    if (ret !== 0) return ret;
    gpuvmBoEvict(vmBo, false);
    yield* updateReclaimState(panthor, bo);
    return 0;
  };
}

/** `select_evicted_vma` */
function* selectEvicted(vm: PanthorVm, vmBo: DrmGpuvmBo): Steps<Gpuva> {
  const { dev, vas } = vm.gpuvm;
  yield* lock(dev, vm.opLock, "select_evicted_vma");
  let va: Gpuva = vmBo.vaHead;
  while (va !== 0 && (vas.flags(va) & VA_EVICTED) === 0) va = vas.next(va);
  unlock(dev, vm.opLock);
  return va;
}

/**
 * `remap_evicted_vma`: tables can't be allocated under the VM's lock, which the signalling path takes, so the VMA is
 * looked for again under it.
 */
function* remapEvicted(panthor: Panthor, vm: PanthorVm, vmBo: DrmGpuvmBo, va: Gpuva): Steps<Errno> {
  const { machine } = panthor;
  const { dev } = machine;
  const { vas } = vm.gpuvm;
  const ctx = new OpCtx(dev, "map", "internal", vas.addr(va), vas.range(va));
  yield* preempt(dev, "alloc", "remap_evicted_vma");
  if (!reserveTables(panthor, ctx)) return -ENOMEM;
  yield* lock(dev, vm.opLock, "remap_evicted_vma");
  let ret: Errno = 0;
  if (vas.allocated(va) && gpuvaBo(vm.gpuvm, va) === vmBo && (vas.flags(va) & VA_EVICTED) !== 0) {
    const bo = vmBo.obj as PanthorBo;
    const sparse = (vas.flags(va) & VA_SPARSE) !== 0;
    vm.opCtx = ctx;
    lockRegion(panthor, vm, vas.addr(va), vas.range(va));
    ret = sparse
      ? mapSparse(panthor, vm, vas.addr(va), bo, vas.range(va))
      : mapPages(panthor, vm, vas.addr(va), bo, vas.offset(va), vas.range(va));
    if (ret === 0) {
      vas.setFlags(va, vas.flags(va) & ~VA_EVICTED);
      machine.counts.rebinds++;
    }
    unlockRegion(panthor, vm, "map");
    vm.opCtx = null;
  }
  unlock(dev, vm.opLock);
  return ret;
}
