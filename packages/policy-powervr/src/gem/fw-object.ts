import { ENOMEM, ENOSPC, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { pvrVmMap } from "../vm/map.ts";
import { unmapExactLocked } from "../vm/unmap.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";
import { createBo, PM_FW_PROTECT, type PvrBo } from "./bo.ts";

/** An object that the firmware reads (`struct pvr_fw_object`): a buffer mapped in the kernel's VM context. */
export interface PvrFwObject {
  /** The buffer; the owner's. */
  readonly bo: PvrBo;
  /** Where the firmware sees it. */
  readonly addr: number;
}

/** `pvr_fw_object_create`; -ENOMEM, or -ENOSPC where the firmware's heap is full. */
export function* createFwObject(pvr: PvrDevice, bytes: number, holder: Holder): Steps<PvrFwObject | Errno> {
  const { dev } = pvr;
  yield* preempt(dev, "alloc", "pvr_fw_object_create");
  if (!dev.mayAlloc("pvr fw object")) return -ENOMEM;
  const bo = yield* createBo(pvr.machine, bytes, PM_FW_PROTECT, holder);
  if (typeof bo === "number") return bo;
  const addr = pvr.fwMm.alloc(bo.size);
  if (addr === null) {
    bo.put(holder);
    return -ENOSPC;
  }
  const ret = yield* pvrVmMap(pvr.kernelVm as PvrVmContext, bo, 0, addr, bo.size, "firmware");
  if (ret === 0) return { bo, addr };
  pvr.fwMm.release(addr, bo.size);
  bo.put(holder);
  return ret;
}

/** `pvr_fw_object_destroy`. */
export function* destroyFwObject(pvr: PvrDevice, object: PvrFwObject, holder: Holder): Steps<void> {
  const { dev } = pvr;
  const { bo, addr } = object;
  const vm = pvr.kernelVm as PvrVmContext;
  yield* lock(dev, vm.lock, "pvr_vm_unmap_obj");
  const ret = yield* unmapExactLocked(vm, addr, bo.size, "teardown");
  unlock(dev, vm.lock);
  if (ret !== 0) dev.warn(`${bo.name} is not mapped in the firmware's address space`);
  pvr.fwMm.release(addr, bo.size);
  bo.put(holder);
}
