import { ENOMEM, ENOSPC, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { pvrVmMap } from "../vm/map.ts";
import { unmapExactLocked } from "../vm/unmap.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";
import { createBo, PM_FW_PROTECT } from "./bo.ts";
import type { PvrFwObject } from "./pvr-fw-object.ts";

/**
 * `pvr_fw_object_create`; `mapped`: and the CPU keeps it mapped (`pvr_fw_object_create_and_map`).
 *
 * @returns the object; -ENOMEM; -ENOSPC where the firmware's heap is full
 */
export function* createFwObject(
  pvr: PvrDevice,
  bytes: number,
  holder: Holder,
  cpu: "mapped" | "unmapped" = "unmapped",
): Steps<PvrFwObject | Errno> {
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
  if (ret === 0) {
    pvr.trace?.(["fwobj", bo, bo.size]);
    if (cpu === "mapped") bo.vmap();
    return { bo, addr };
  }
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

/** `pvr_fw_object_unmap_and_destroy`: of one that the CPU has mapped. */
export function* unmapAndDestroyFwObject(pvr: PvrDevice, object: PvrFwObject, holder: Holder): Steps<void> {
  object.bo.vunmap();
  yield* destroyFwObject(pvr, object, holder);
}
