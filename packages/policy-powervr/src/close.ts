import type { Steps } from "@gpuvm/core";
import { releaseSyncobjs } from "@gpuvm/drm-model";
import type { PvrDevice } from "./device.ts";
import type { PvrFile } from "./file.ts";
import { rulesOf } from "./history/rules.ts";
import { destroyContext } from "./queue/context.ts";
import { putFreeList } from "./tiler/free-list.ts";
import { putHwrt } from "./tiler/hwrt.ts";
import { putVmContext } from "./vm/vm-life.ts";

/**
 * The file closes: syncobjs and handles first (`drm_file_free`), then what else it made (`pvr_drm_driver_postclose`). Its
 * contexts are killed; mappings of VMs that jobs and fences keep go now, too.
 */
export function* closeFile(pvr: PvrDevice, file: PvrFile): Steps<void> {
  releaseSyncobjs(file);
  yield* file.closeAll(null);
  for (const handle of [...file.exported.keys()]) file.closeExport(handle);
  for (const ctx of file.contexts.eraseAll()) yield* destroyContext(ctx, file.flusher, file.holder);
  yield* rulesOf(pvr).unmapKept(file.made);
  for (const list of file.freeLists.eraseAll()) yield* putFreeList(pvr, list, file.holder);
  for (const hwrt of file.hwrts.eraseAll()) yield* putHwrt(pvr, hwrt, file.holder);
  for (const ctx of file.vmContexts.eraseAll()) yield* putVmContext(ctx, file.holder);
}
