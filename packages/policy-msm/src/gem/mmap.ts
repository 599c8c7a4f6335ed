import { EFAULT, EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { CpuMapping, lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmFile } from "../drv/file.ts";
import type { MsmBo } from "./bo.ts";
import { getPages } from "./pages.ts";

/** `mmap` of an object's offset (`drm_gem_mmap`, `msm_gem_object_mmap`). What came in as a dma-buf is its exporter's to map. */
export function* gemMmap(file: MsmFile, handle: number): Steps<CpuMapping | Errno> {
  const bo = file.handles.get(handle);
  return bo === undefined || bo.imported ? -EINVAL : new CpuMapping(bo);
}

/** Pages, unless the program gave the contents up: no pin, so that memory pressure can take them again (`msm_gem_fault`). */
export function* gemFault(msm: Msm, mapping: CpuMapping): Steps<Errno> {
  if (mapping.present) return 0;
  const bo = mapping.bo as MsmBo;
  yield* lock(msm.dev, bo.resv, "msm_gem_fault");
  const ret = getPages(msm, bo);
  mapping.present = ret === 0;
  unlock(msm.dev, bo.resv);
  return ret === 0 ? 0 : -EFAULT;
}
