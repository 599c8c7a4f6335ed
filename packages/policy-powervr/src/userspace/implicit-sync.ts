import { type Steps, USAGE_WRITE } from "@gpuvm/core";
import { type CountedFence, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import type { PvrFile } from "../file.ts";

/**
 * What the user-mode driver does behind a submit for buffers that it shares with others: attaches the job's fence to each
 * dma-buf (`DMA_BUF_IOCTL_IMPORT_SYNC_FILE`), for implicit synchronisation. This is how a fence, and behind it a context
 * and its VM, comes to be held by a buffer of the program. Calls of its own: they are no part of the submit.
 */
export function* importSyncFiles(pvr: PvrDevice, file: PvrFile, fence: CountedFence): Steps<void> {
  const { dev } = pvr;
  for (const { bo } of file.exported.values()) {
    if (dev.stopsAt(bo.resv, "dma_buf_import_sync_file")) yield dev.point;
    bo.resv.acquire(dev.current);
    bo.resv.reserve(1);
    bo.attach(fence, USAGE_WRITE);
    unlock(dev, bo.resv);
  }
}
