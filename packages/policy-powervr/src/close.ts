import type { Steps } from "@gpuvm/core";
import { putContext } from "./context.ts";
import type { PvrDevice } from "./device.ts";
import type { PvrFile } from "./file.ts";
import { putFreeList } from "./free-list.ts";
import { putHwrt } from "./hwrt.ts";
import { unmapAll } from "./unmap-all.ts";
import { putVmContext } from "./vm-context.ts";

/**
 * The file closes: handles first, then what else it made (`pvr_drm_driver_postclose`). A context whose jobs or fences
 * still live keeps its VM: its mappings are therefore taken away now. Otherwise a buffer that has such a fence in its
 * dma_resv would keep it, and with it the context, the VM and its mappings, and those the buffer.
 */
export function* closeFile(pvr: PvrDevice, file: PvrFile): Steps<void> {
  yield* file.closeAll(null);
  for (const handle of [...file.exported.keys()]) file.closeExport(handle);
  for (const [handle, ctx] of file.contexts) {
    file.contexts.delete(handle);
    yield* putContext(ctx, file.holder);
  }
  if (!pvr.defects.has("P2")) {
    for (const ctx of file.made) {
      file.made.delete(ctx);
      // pvr_context_get_if_referenced
      if (ctx.refs === 0) continue;
      ctx.get("ioctl");
      yield* unmapAll(ctx.vmCtx);
      yield* putContext(ctx, "ioctl");
    }
  }
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
