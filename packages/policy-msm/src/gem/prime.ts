import { ENOENT, ENOMEM, EPERM, type Errno, type Steps } from "@gpuvm/core";
import {
  type Bo,
  DmaBuf,
  lock,
  type Prime,
  preempt,
  primeHandleToDmaBuf,
  primeImported,
  primeLookup,
  unlock,
} from "@gpuvm/drm-model";
import { type Msm, msmOf } from "../drv/device.ts";
import type { MsmFile } from "../drv/file.ts";
import { MSM_BO_WC } from "../drv/uapi.ts";
import { MsmBo } from "./bo.ts";
import { msmGemNew, msmGemOpen } from "./gem.ts";
import { getPages, pinObj, unpinObj } from "./pages.ts";
import { underLru } from "./under-lru.ts";
import { vmaRefGet, vmaRefPut } from "./vma-ref.ts";

/** A dma-buf of an object (`msm_gem_prime_export`); null for a private one (-EPERM). */
export function primeExport(msm: Msm, bo: MsmBo): DmaBuf | null {
  if (bo.noShare) return null;
  vmaRefGet(bo);
  // msm_gem_dmabuf_release
  return new DmaBuf<Bo>(msm.machine, bo, null, () => vmaRefPut(msm, bo));
}

/** `PRIME_HANDLE_TO_FD` of a recorded program: where the descriptor went is not known, so it goes with the handle. */
export function primeExportCall(msm: Msm, file: MsmFile, handle: number): Errno {
  if (!file.handles.has(handle)) return -ENOENT;
  if (file.ctx.exports.has(handle)) return 0;
  const dmaBuf = primeHandleToDmaBuf(file, handle, (bo) => primeExport(msm, bo));
  if (dmaBuf === null) return -EPERM;
  file.ctx.exports.set(handle, dmaBuf);
  return 0;
}

/**
 * An object for a dma-buf of another device (`drm_gem_prime_import_dev`, `msm_gem_import`), or (null) of a driver that is
 * not modelled: the exporter's pages are pinned as long as it lives.
 */
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
  if (dmaBuf !== null) {
    const ret = yield* attach(msm, dmaBuf);
    if (ret !== 0) return ret;
  }
  const from = dmaBuf === null ? { imported: true } : { importedFrom: dmaBuf };
  const bo = msmGemNew(msm, { size, flags: MSM_BO_WC, ...from });
  msmGemOpen(file, bo, handle);
  if (dmaBuf !== null) primeImported(file, handle, dmaBuf);
  yield* preempt(dev, "publish", "drm_gem_prime_fd_to_handle");
  return 0;
}

/** `dma_buf_attach`, `dma_buf_map_attachment_unlocked`: the exporter pins (`msm_gem_prime_pin`). */
function* attach(msm: Msm, { bo }: DmaBuf): Steps<Errno> {
  const { dev } = msm;
  yield* lock(dev, bo.resv, "drm_gem_pin");
  let ret: Errno = 0;
  if (bo instanceof MsmBo) {
    ret = getPages(msmOf(bo), bo);
    if (ret === 0) underLru(bo.device, () => pinObj(bo));
  }
  unlock(dev, bo.resv);
  if (ret !== 0) return ret;
  yield* touch(msm, bo, "dma_buf_attach");
  yield* touch(msm, bo, "dma_buf_map_attachment_unlocked");
  return 0;
}

/** The end of an imported object (`drm_prime_gem_destroy`). Needs no lock, and must not meet one that is held. */
export function detach(msm: Msm, dmaBuf: DmaBuf, importer: MsmBo): void {
  const { current } = msm.dev;
  const { bo } = dmaBuf;
  const locked = (fn: () => void) => {
    bo.resv.acquire(current);
    fn();
    bo.resv.release(current);
  };
  locked(() => {});
  locked(() => {});
  locked(() => {
    if (bo instanceof MsmBo) underLru(bo.device, () => unpinObj(msmOf(bo), bo));
  });
  dmaBuf.put(importer);
}

function* touch(msm: Msm, { resv }: Bo, label: string): Steps<void> {
  yield* lock(msm.dev, resv, label);
  unlock(msm.dev, resv);
}

/** Dma-bufs in and out. An own one, imported, gives the same object, and the file's own handle if it knows one. */
export function msmPrime(msm: Msm): Prime {
  return {
    exportBo: (file, handle) => primeHandleToDmaBuf(file as MsmFile, handle, (bo) => primeExport(msm, bo)),
    *importBo(drmFile, dmaBuf, handle) {
      const file = drmFile as MsmFile;
      if (primeLookup(file, dmaBuf) !== null) return 0;
      const { bo } = dmaBuf;
      // msm_gem_prime_import
      if (!(bo instanceof MsmBo) || bo.machine !== msm.machine || bo.device !== msm)
        return yield* importForeign(msm, file, handle, bo.size, dmaBuf);
      bo.get("creator");
      msmGemOpen(file, bo, handle);
      primeImported(file, handle, dmaBuf);
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
