import type { Errno, Steps } from "@gpuvm/core";
import type { Msm } from "../drv/device.ts";
import { MSM_BO_WC } from "../drv/uapi.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { getVmaLocked, putIovaSpaces } from "../vma/vma.ts";
import { MsmBo } from "./bo.ts";
import { lockVmAndObj } from "./locks.ts";
import { pinOne, pinVmaLocked, unpinOne } from "./pages.ts";

/** Who holds the kernel's own objects. */
export const DEVICE = "device";

/**
 * Maps an object in a kernel VM, with pages that stay (`msm_gem_get_and_pin_iova`). A private object has no business
 * there.
 */
export function* getAndPinIova(msm: Msm, bo: MsmBo, vm: MsmGemVm): Steps<Errno> {
  const exec = yield* lockVmAndObj(msm, vm, bo);
  const va = getVmaLocked(msm, bo, vm);
  const ret: Errno = va < 0 ? va : pinVmaLocked(msm, bo, vm, va);
  if (ret === 0) yield* pinOne(msm, bo);
  exec.fini();
  return ret;
}

/** Undoes {@link getAndPinIova} (`msm_gem_unpin_iova`): whether the mapping goes with the pin sets versions apart. */
export function* unpinIova(msm: Msm, bo: MsmBo, vm: MsmGemVm): Steps<void> {
  const { unpin } = msm.rules.teardown;
  const exec = yield* lockVmAndObj(msm, vm, bo);
  yield* unpinOne(msm, bo);
  if (unpin === "always" || (unpin === "not-kms" && vm !== msm.kmsVm))
    putIovaSpaces(msm, bo, vm, true, "unpin");
  exec.fini();
}

/**
 * A pinned object of the kernel's own: ring, firmware, a command buffer of the display (`msm_gem_kernel_new`).
 *
 * @returns null for -ENOMEM
 */
export function* kernelNew(msm: Msm, size: number, vm: MsmGemVm): Steps<MsmBo | null> {
  if (!msm.dev.mayAlloc("msm bo")) return null;
  const bo = new MsmBo(msm, { size, flags: MSM_BO_WC });
  if (msm.dev.ledger !== null) msm.dev.ledger.move(bo, "creator", DEVICE);
  if ((yield* getAndPinIova(msm, bo, vm)) === 0) return bo;
  bo.put(DEVICE);
  return null;
}

/** Gives an object of {@link kernelNew} up (`msm_gem_kernel_put`). */
export function* kernelPut(msm: Msm, bo: MsmBo, vm: MsmGemVm): Steps<void> {
  yield* unpinIova(msm, bo, vm);
  bo.put(DEVICE);
}
