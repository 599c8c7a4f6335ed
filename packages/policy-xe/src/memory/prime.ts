import { EBUSY, EINVAL, ENOENT, ENOMEM, EPERM, type Errno, type Steps } from "@gpuvm/core";
import {
  type Bo,
  DmaBuf,
  type Machine,
  type Prime,
  type PrimeExport,
  type PrimeImport,
  preempt,
} from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import type { XeFile } from "../xe-file.ts";
import { XeBo } from "./bo.ts";
import { willneedGet, willneedPut } from "./purgeable.ts";

/** Whether an object may leave (`xe_gem_prime_export`): not a private one, and not one whose contents may go. */
function exportable(bo: XeBo): Errno {
  if (bo.vm !== null) return -EPERM;
  if (bo.madv === "dontneed") return -EBUSY;
  return bo.madv === "purged" ? -EINVAL : 0;
}

/** A dma-buf wants the contents as long as it is open. */
function exportBo(machine: Machine, bo: XeBo): DmaBuf {
  willneedGet(bo);
  return new DmaBuf<Bo>(machine, bo, () => willneedPut(bo));
}

/** `DRM_IOCTL_PRIME_HANDLE_TO_FD`; the dma-buf of an object that has one is found again. */
export function* primeExport(file: XeFile, req: PrimeExport): Steps<Errno> {
  const bo = file.handles.get(req.bo);
  if (bo === undefined) return -ENOENT;
  if (file.exports.has(req.bo)) return 0;
  const ret = exportable(bo);
  if (ret === 0) file.exports.set(req.bo, exportBo(file.machine, bo));
  return ret;
}

/** `DRM_IOCTL_PRIME_FD_TO_HANDLE` of another device's buffer. */
export function* primeImport(xe: Xe, file: XeFile, req: PrimeImport): Steps<Errno> {
  const { dev } = xe.machine;
  if (!req.fresh) return file.handles.has(req.bo) ? 0 : -ENOENT;
  yield* preempt(dev, "alloc", "xe_gem_prime_import");
  if (!dev.mayAlloc("xe bo")) return -ENOMEM;
  const bo = new XeBo(xe, req.size, { imported: true });
  // Its pages are looked up when it is first used.
  xe.ttm.assign(bo, "system");
  yield* preempt(dev, "publish", "drm_gem_handle_create");
  file.publish(req.bo, bo);
  return 0;
}

/** Buffers between files of this device: the same object, by another handle. */
export function primeRole(xe: Xe): Prime {
  return {
    exportBo(file, handle) {
      const bo = (file as XeFile).handles.get(handle);
      return bo === undefined || exportable(bo) !== 0 ? null : exportBo(xe.machine, bo);
    },
    *importBo(file, dmaBuf, handle) {
      const bo = dmaBuf.bo as XeBo;
      bo.get("creator");
      yield* preempt(xe.machine.dev, "publish", "drm_gem_handle_create");
      (file as XeFile).publish(handle, bo);
      return 0;
    },
  };
}
