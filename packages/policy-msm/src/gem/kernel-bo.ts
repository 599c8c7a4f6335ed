import { EINVAL, type Errno, type Gpuva, isErr, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { MSM_BO_WC } from "../drv/uapi.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { getVmaLocked, putIovaSpaces } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { msmGemNew } from "./gem.ts";
import { lockVmAndObj } from "./locks.ts";
import { getPages, pinOne, pinVmaLocked, unpinOne } from "./pages.ts";

/** Who holds the kernel's own objects. */
export const DEVICE = "device";

/**
 * Maps an object in a kernel VM, with pages that stay (`msm_gem_get_and_pin_iova`). A private object has no business
 * there.
 */
export function* getAndPinIova(msm: Msm, bo: MsmBo, vm: MsmGemVm): Steps<Errno> {
  const exec = yield* lockVmAndObj(msm, vm, bo);
  const va: Gpuva | Errno = bo.noShare ? -EINVAL : getVmaLocked(msm, bo, vm);
  const ret: Errno = isErr(va) ? va : pinVmaLocked(msm, bo, vm, va);
  if (ret === 0) yield* pinOne(msm, bo);
  exec.fini();
  return ret;
}

/** Undoes {@link getAndPinIova} (`msm_gem_unpin_iova`): whether the mapping goes with the pin sets versions apart. */
export function* unpinIova(msm: Msm, bo: MsmBo, vm: MsmGemVm): Steps<void> {
  const { unpin } = msm.rules.teardown;
  const exec = yield* lockVmAndObj(msm, vm, bo);
  if (msm.vmas.find(bo, vm) !== 0) yield* unpinOne(msm, bo);
  if (unpin === "always" || (unpin === "not-kms" && vm !== msm.kmsVm))
    putIovaSpaces(msm, bo, vm, true, "close");
  exec.fini();
}

/** Pages that stay, mapped for the CPU (`msm_gem_get_vaddr`). */
export function* getVaddr(msm: Msm, bo: MsmBo): Steps<Errno> {
  yield* lock(msm.dev, bo.resv, "msm_gem_get_vaddr");
  const ret = getPages(msm, bo);
  if (ret === 0) {
    yield* pinOne(msm, bo);
    bo.vmaps++;
  }
  unlock(msm.dev, bo.resv);
  return ret;
}

/** Undoes {@link getVaddr} (`msm_gem_put_vaddr`). */
export function* putVaddr(msm: Msm, bo: MsmBo): Steps<void> {
  yield* lock(msm.dev, bo.resv, "msm_gem_put_vaddr");
  bo.vmaps--;
  yield* unpinOne(msm, bo);
  unlock(msm.dev, bo.resv);
}

/**
 * An object of the kernel's own, mapped and pinned for the hardware and for the CPU: ring, firmware, a command buffer of
 * the display (`msm_gem_kernel_new`).
 *
 * @returns null for -ENOMEM
 */
export function* kernelNew(msm: Msm, size: number, vm: MsmGemVm): Steps<MsmBo | null> {
  if (!msm.dev.mayAlloc("msm bo")) return null;
  const bo = msmGemNew(msm, { size, flags: MSM_BO_WC });
  if (msm.dev.ledger !== null) msm.dev.ledger.move(bo, "creator", DEVICE);
  if ((yield* getAndPinIova(msm, bo, vm)) === 0) {
    if ((yield* getVaddr(msm, bo)) === 0) return bo;
    yield* unpinIova(msm, bo, vm);
  }
  bo.put(DEVICE);
  return null;
}

/** Gives an object of {@link kernelNew} up (`msm_gem_kernel_put`). */
export function* kernelPut(msm: Msm, bo: MsmBo, vm: MsmGemVm): Steps<void> {
  yield* putVaddr(msm, bo);
  yield* unpinIova(msm, bo, vm);
  bo.put(DEVICE);
}
