import type { Steps } from "@gpuvm/core";
import type { PvrDevice } from "./device.ts";
import type { PvrFile } from "./file.ts";
import { putContext } from "./queue/context.ts";
import { putFreeList } from "./tiler/free-list.ts";
import { putHwrt } from "./tiler/hwrt.ts";
import { putVmContext } from "./vm/vm-context.ts";

/**
 * The file closes: handles first, then what else it made (`pvr_drm_driver_postclose`). Mappings of VMs that jobs and
 * fences keep go now, too.
 */
export function* closeFile(pvr: PvrDevice, file: PvrFile): Steps<void> {
  yield* file.closeAll(null);
  for (const handle of [...file.exported.keys()]) file.closeExport(handle);
  for (const [handle, ctx] of file.contexts) {
    file.contexts.delete(handle);
    yield* putContext(ctx, file.holder);
  }
  yield* pvr.rules.unmapKept(file);
  for (const [handle, list] of file.freeLists) {
    file.freeLists.delete(handle);
    yield* putFreeList(pvr, list, file.holder);
  }
  for (const [handle, hwrt] of file.hwrts) {
    file.hwrts.delete(handle);
    yield* putHwrt(pvr, hwrt, file.holder);
  }
  for (const [handle, ctx] of file.vmContexts) {
    file.vmContexts.delete(handle);
    yield* putVmContext(ctx, file.holder);
  }
}
