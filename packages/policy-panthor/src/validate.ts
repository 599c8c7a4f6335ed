import {
  type DrmGpuvmBo,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaBo,
  gpuvmBoEvict,
  type Steps,
} from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import { type PanthorBo, populate } from "./bo.ts";
import { flushTlb, type Panthor } from "./device.ts";
import { VA_EVICTED } from "./flags.ts";
import { mapPages } from "./pages.ts";
import type { PanthorVm } from "./vm.ts";

/**
 * An object whose pages were taken is wanted again (`panthor_vm_bo_validate`): the pages come back, and each evicted VMA
 * is mapped, one by one. Tables are allocated outside of the VM's lock, so the VMA is looked for again under it.
 */
export function vmBoValidate(panthor: Panthor, vm: PanthorVm): (vmBo: DrmGpuvmBo) => Steps<Errno> {
  const { machine } = panthor;
  const { dev } = machine;
  return function* (vmBo) {
    const bo = vmBo.obj as PanthorBo;
    const ret = populate(bo);
    if (ret !== 0) return ret;
    const { vas } = vm.gpuvm;
    for (;;) {
      yield* lock(dev, vm.opLock, "panthor_vm_bo_validate");
      yield* lock(dev, bo.gpuvaLock, "panthor_vm_bo_validate");
      let va: Gpuva = vmBo.vaHead;
      while (va !== 0 && (vas.flags(va) & VA_EVICTED) === 0) va = vas.next(va);
      unlock(dev, bo.gpuvaLock);
      unlock(dev, vm.opLock);
      if (va === 0) break;
      yield* preempt(dev, "alloc", "panthor_vm_bo_validate");
      if (!dev.mayAlloc("panthor page tables")) return -ENOMEM;
      yield* lock(dev, vm.opLock, "panthor_vm_bo_validate");
      let mapped: Errno = 0;
      if (vas.allocated(va) && gpuvaBo(vm.gpuvm, va) === vmBo && (vas.flags(va) & VA_EVICTED) !== 0) {
        mapped = mapPages(panthor, vm, vas.addr(va), vas.range(va), bo, vas.offset(va));
        if (mapped === 0) {
          vas.setFlags(va, vas.flags(va) & ~VA_EVICTED);
          machine.counts.rebinds++;
        }
        flushTlb(panthor, vm);
      }
      unlock(dev, vm.opLock);
      if (mapped !== 0) return mapped;
    }
    gpuvmBoEvict(vmBo, false);
    return 0;
  };
}
