import type { Steps } from "@gpuvm/core";
import type { Msm } from "../drv/device.ts";
import { putIovaSpaces } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { lockVmAndObj, withinPut } from "./locks.ts";

/** A handle, a dma-buf or a prepared framebuffer more (`msm_gem_vma_get`). */
export function vmaRefGet(bo: MsmBo): void {
  bo.vmaRef++;
}

/** One less; the last one takes the mapping out of the display's VM, without a wait (`msm_gem_vma_put`). */
export function* vmaRefPut(msm: Msm, bo: MsmBo): Steps<void> {
  if (--bo.vmaRef !== 0) return;
  yield* tearDown(msm, bo);
}

/** As {@link vmaRefPut}, within the release of a dma-buf. */
export function vmaRefPutWithin(msm: Msm, bo: MsmBo): void {
  if (--bo.vmaRef !== 0) return;
  const { kmsVm } = msm;
  if (kmsVm === null) return;
  bo.get("ioctl");
  withinPut(msm, "msm_gem_dmabuf_release", [kmsVm.resv, bo.resv], function* () {
    yield* tearDown(msm, bo);
    bo.put("ioctl");
  });
}

function* tearDown(msm: Msm, bo: MsmBo): Steps<void> {
  const { kmsVm } = msm;
  if (kmsVm === null) return;
  const exec = yield* lockVmAndObj(msm, kmsVm, bo);
  putIovaSpaces(msm, bo, kmsVm, true, "vma_put");
  exec.fini();
}
