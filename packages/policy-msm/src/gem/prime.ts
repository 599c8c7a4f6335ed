import { ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type Bo, DmaBuf, type Prime, preempt } from "@gpuvm/drm-model";
import type { MsmFile } from "../drv/context.ts";
import type { Msm } from "../drv/device.ts";
import { MSM_BO_WC } from "../drv/uapi.ts";
import { MsmBo } from "./bo.ts";
import { msmGemOpen } from "./gem.ts";
import { vmaRefGet, vmaRefPutWithin } from "./vma-ref.ts";

/** A dma-buf of an object (`msm_gem_prime_export`); null for a private one (-EPERM). */
export function primeExport(msm: Msm, bo: MsmBo): DmaBuf | null {
  if (bo.noShare) return null;
  vmaRefGet(bo);
  return new DmaBuf<Bo>(msm.machine, bo, () => {
    if (msm.rules.teardown.vmaRef) vmaRefPutWithin(msm, bo);
    else bo.vmaRef--;
  });
}

/** A handle to an object of another device (`drm_gem_prime_import`): each import makes a new object. */
export function* importForeign(
  msm: Msm,
  file: MsmFile,
  handle: number,
  size: number,
  dmaBuf: DmaBuf | null,
): Steps<Errno> {
  const { dev } = msm;
  yield* preempt(dev, "alloc", "msm_gem_import");
  if (!dev.mayAlloc("msm bo")) return -ENOMEM;
  const from = dmaBuf === null ? { imported: true } : { importedFrom: dmaBuf };
  const bo = new MsmBo(msm, { size, flags: MSM_BO_WC, ...from });
  msmGemOpen(file, bo, handle);
  yield* preempt(dev, "publish", "drm_gem_prime_fd_to_handle");
  return 0;
}

/** Dma-bufs in and out. An own one, imported, gives the same object, and the handle that the file has for it. */
export function msmPrime(msm: Msm): Prime {
  return {
    exportBo(file, handle) {
      const bo = (file as MsmFile).handles.get(handle);
      return bo === undefined ? null : primeExport(msm, bo);
    },
    *importBo(drmFile, dmaBuf, handle) {
      const file = drmFile as MsmFile;
      const { bo } = dmaBuf;
      if (!(bo instanceof MsmBo) || bo.machine !== msm.machine) {
        for (const known of file.handles.values()) if (known.importedFrom === dmaBuf) return 0;
        return yield* importForeign(msm, file, handle, bo.size, dmaBuf);
      }
      for (const known of file.handles.values()) if (known === bo) return 0;
      bo.get("creator");
      msmGemOpen(file, bo, handle);
      yield* preempt(msm.dev, "publish", "drm_gem_prime_fd_to_handle");
      return 0;
    },
    *openAgain(drmFile, handle, second) {
      const file = drmFile as MsmFile;
      const bo = file.handles.get(handle);
      if (bo === undefined) return -ENOENT;
      bo.get("creator");
      msmGemOpen(file, bo, second);
      return 0;
    },
  };
}
