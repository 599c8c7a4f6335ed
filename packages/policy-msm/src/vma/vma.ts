import {
  EBUSY,
  EINVAL,
  ENOMEM,
  ENOSPC,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFree,
  isErr,
  PAGE,
} from "@gpuvm/core";
import { isAligned } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { UnmapReason } from "../drv/log.ts";
import type { MsmBo } from "../gem/bo.ts";
import { type MsmGemVm, VMA_EVICTED, VMA_MAPPED } from "./vm.ts";

/**
 * The VMA of an object in a kernel-managed VM, made if there is none (`msm_gem_get_vma_locked`): the whole object, at
 * an address of the kernel's choice, or at `iova`. Needs the locks of both. The caller compares addresses.
 *
 * @returns the VMA; -ENOMEM, -ENOSPC; -EINVAL if the object is private to another VM
 */
export function getVmaLocked(msm: Msm, bo: MsmBo, vm: MsmGemVm, iova: number | null = null): Gpuva | Errno {
  const found = msm.vmas.find(bo, vm);
  return found !== 0 ? found : msmGemVmaNew(msm, bo, vm, iova);
}

/** `msm_gem_vma_new` in a kernel-managed VM. */
function msmGemVmaNew(msm: Msm, bo: MsmBo, vm: MsmGemVm, iova: number | null): Gpuva | Errno {
  const { dev, machine } = msm;
  const { mm } = vm;
  if (mm === null) return -EINVAL;
  if (!msm.history.mayBeMapped(bo, vm)) return -EINVAL;
  if (!dev.mayAlloc("msm vma")) return -ENOMEM;
  const addr =
    iova === null ? mm.alloc(bo.size) : isAligned(iova, PAGE) && mm.reserve(iova, bo.size) ? iova : null;
  if (addr === null) return -ENOSPC;
  const va = gpuvaAlloc(vm);
  const ret = msm.vmas.insert(bo, vm, va, addr);
  if (ret !== 0) {
    gpuvaFree(vm, va);
    mm.release(addr, bo.size);
    return ret;
  }
  machine.counts.vasCreated++;
  vm.record.mapped(bo.size);
  vm.record.applied();
  return va;
}

/** Writes page-table entries for a VMA whose pages are there (`msm_gem_vma_map`); 0 or -EINVAL. */
export function vmaMap(msm: Msm, vm: MsmGemVm, va: Gpuva, bo: MsmBo | null): Errno {
  const { vas } = vm;
  const flags = vas.flags(va);
  if ((flags & VMA_MAPPED) !== 0) return 0;
  const { counts } = msm.machine;
  if (!vm.managed) vm.mmuLock.acquire(msm.dev.current);
  msm.log?.map(vm, vas.addr(va), vas.range(va));
  const ret = vm.mmu.map(vas.addr(va), bo, vas.offset(va), vas.range(va), null);
  if (!vm.managed) vm.mmuLock.release(msm.dev.current);
  if (ret !== 0) return ret;
  if (vm.purpose === "scanout") counts.scanoutMaps++;
  if ((flags & VMA_EVICTED) !== 0) counts.rebinds++;
  vas.setFlags(va, (flags & ~VMA_EVICTED) | VMA_MAPPED);
  return 0;
}

/** Clears a VMA's page-table entries (`msm_gem_vma_unmap`). */
export function vmaUnmap(msm: Msm, vm: MsmGemVm, va: Gpuva, reason: UnmapReason): void {
  const { vas } = vm;
  const flags = vas.flags(va);
  if ((flags & VMA_MAPPED) === 0) return;
  const { counts } = msm.machine;
  if (!vm.managed) vm.mmuLock.acquire(msm.dev.current);
  msm.log?.unmap(vm, vas.addr(va), vas.range(va), reason);
  vm.mmu.unmap(vas.addr(va), vas.range(va));
  if (!vm.managed) vm.mmuLock.release(msm.dev.current);
  if (vm.purpose === "scanout") counts.scanoutUnmaps++;
  vas.setFlags(va, flags & ~VMA_MAPPED);
}

/** Takes an unmapped VMA out of its VM and away from its object (`msm_gem_vma_close`). */
export function vmaClose(msm: Msm, vm: MsmGemVm, va: Gpuva, bo: MsmBo | null): void {
  const addr = vm.vas.addr(va);
  const range = vm.vas.range(va);
  vm.mm?.release(addr, range);
  msm.vmas.remove(bo, vm, va);
}

/**
 * Unmaps every VMA of an object, in one VM or (null) in all, and with `close` takes them away
 * (`put_iova_spaces`). Needs the lock of each VM, and the object's unless it is being freed. Whoever closes must hold
 * the object: its last counted reference may be a vm_bo's.
 */
export function putIovaSpaces(
  msm: Msm,
  bo: MsmBo,
  vm: MsmGemVm | null,
  close: boolean,
  reason: UnmapReason,
): void {
  const { machine } = msm;
  msm.vmas.each(bo, vm, (at, va) => {
    if (machine.auditing)
      machine.note(bo.name, `${close ? "torn down in" : "unmapped in"} ${at.name}: ${reason}`);
    const flags = at.vas.flags(va);
    vmaUnmap(msm, at, va, reason);
    if (!close) {
      if ((flags & VMA_MAPPED) !== 0) at.vas.setFlags(va, (flags & ~VMA_MAPPED) | VMA_EVICTED);
      return;
    }
    at.record.torn(at.vas.range(va));
    vmaClose(msm, at, va, bo);
  });
}

/** SET_IOVA 0: unmaps and takes away at once, without a wait and without a look at pins (`clear_iova`). */
export function clearIova(msm: Msm, bo: MsmBo, vm: MsmGemVm): void {
  putIovaSpaces(msm, bo, vm, true, "unmap");
}

/** SET_IOVA with an address, under the locks of both (`msm_gem_set_iova`). */
export function setIovaLocked(msm: Msm, bo: MsmBo, vm: MsmGemVm, iova: number): Errno {
  const va = getVmaLocked(msm, bo, vm, iova);
  if (isErr(va)) return va;
  if (vm.vas.addr(va) === iova) return 0;
  clearIova(msm, bo, vm);
  return -EBUSY;
}
