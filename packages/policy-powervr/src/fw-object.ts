import { ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import { pvrVmMap, pvrVmUnmapExact } from "./bind.ts";
import { PvrBo } from "./bo.ts";
import type { PvrDevice } from "./device.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** An object that the firmware reads (`struct pvr_fw_object`): a buffer mapped in the kernel's VM context. */
export interface PvrFwObject {
  /** The buffer; the owner's. */
  readonly bo: PvrBo;
  /** Where the firmware sees it. */
  readonly addr: number;
}

/** `pvr_fw_object_create`; -ENOMEM. */
export function* createFwObject(pvr: PvrDevice, bytes: number, holder: Holder): Steps<PvrFwObject | Errno> {
  const { dev } = pvr;
  yield* preempt(dev, "alloc", "pvr_fw_object_create");
  if (!dev.mayAlloc("pvr fw object")) return -ENOMEM;
  const size = Math.ceil(bytes / 4096) * 4096;
  const addr = pvr.fwMm.alloc(size);
  if (addr === null) return -ENOMEM;
  const bo = new PvrBo(pvr.machine, { size, holder });
  const ret = yield* pvrVmMap(pvr.kernelVm as PvrVmContext, bo, 0, addr, size, false);
  if (ret === 0) return { bo, addr };
  pvr.fwMm.release(addr, size);
  bo.put(holder);
  return ret;
}

/** `pvr_fw_object_destroy`. */
export function* destroyFwObject(pvr: PvrDevice, object: PvrFwObject, holder: Holder): Steps<void> {
  const { dev } = pvr;
  const { bo, addr } = object;
  const vm = pvr.kernelVm as PvrVmContext;
  yield* lock(dev, vm.lock, "pvr_vm_unmap_obj");
  const ret = yield* pvrVmUnmapExact(vm, addr, bo.size, false);
  unlock(dev, vm.lock);
  if (ret !== 0) dev.warn(`${bo.name} is not mapped in the firmware's address space`);
  pvr.fwMm.release(addr, bo.size);
  bo.put(holder);
}
