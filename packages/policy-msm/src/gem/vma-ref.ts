import type { Steps } from "@gpuvm/core";
import type { Msm } from "../drv/device.ts";
import { putIovaSpaces } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { lockVmAndObj } from "./locks.ts";

/** A handle, a dma-buf or a prepared framebuffer more (`msm_gem_vma_get`). */
export function vmaRefGet(bo: MsmBo): void {
  bo.vmaRef++;
}

/**
 * One less; in versions that have the rule the last one takes the mapping out of the display's VM, without a wait
 * (`msm_gem_vma_put`).
 */
export function* vmaRefPut(msm: Msm, bo: MsmBo): Steps<void> {
  const { kmsVm, rules } = msm;
  if (--bo.vmaRef !== 0 || kmsVm === null || !rules.teardown.vmaRef) return;
  const exec = yield* lockVmAndObj(msm, kmsVm, bo);
  putIovaSpaces(msm, bo, kmsVm, true, "vma_put");
  exec.fini();
}
