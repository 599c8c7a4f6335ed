import { EINVAL, ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type Bo, DmaBuf, type Prime, type PrimeExport, type PrimeImport, preempt } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { PanthorBo } from "./bo.ts";

/** `DRM_IOCTL_PRIME_HANDLE_TO_FD`; a private object must not leave (`panthor_gem_prime_export`). */
export function* primeExport(file: PanthorFile, req: PrimeExport): Steps<Errno> {
  const bo = file.handles.get(req.bo);
  if (bo === undefined) return -ENOENT;
  if (bo.rootGem !== null) return -EINVAL;
  if (!file.exports.has(req.bo)) file.exports.set(req.bo, new DmaBuf<Bo>(file.machine, bo));
  return 0;
}

/** `DRM_IOCTL_PRIME_FD_TO_HANDLE` of another device's buffer. */
export function* primeImport(panthor: Panthor, file: PanthorFile, req: PrimeImport): Steps<Errno> {
  const { dev } = panthor.machine;
  if (!req.fresh) return file.handles.has(req.bo) ? 0 : -ENOENT;
  yield* preempt(dev, "alloc", "panthor_gem_prime_import");
  if (!dev.mayAlloc("panthor bo")) return -ENOMEM;
  const bo = new PanthorBo(panthor, { size: Math.ceil(req.size / 4096) * 4096, imported: true });
  bo.pages = "resident";
  yield* preempt(dev, "publish", "drm_gem_handle_create");
  file.publish(req.bo, bo);
  return 0;
}

/** Buffers between files of this device: the same object, by another handle. */
export function primeRole(panthor: Panthor): Prime {
  return {
    exportBo(file, handle) {
      const bo = (file as PanthorFile).handles.get(handle);
      return bo === undefined || bo.rootGem !== null ? null : new DmaBuf<Bo>(panthor.machine, bo);
    },
    *importBo(file, dmaBuf, handle) {
      const bo = dmaBuf.bo as PanthorBo;
      bo.get("creator");
      yield* preempt(panthor.machine.dev, "publish", "drm_gem_handle_create");
      (file as PanthorFile).publish(handle, bo);
      return 0;
    },
  };
}
