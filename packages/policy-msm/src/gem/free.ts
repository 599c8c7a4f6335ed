import { DRM_EXEC_IGNORE_DUPLICATES, type Steps } from "@gpuvm/core";
import { releaseBo } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { putIovaSpaces } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { lockAll, withinPut } from "./locks.ts";

/**
 * The last reference of an object went (`msm_gem_free_object`). Where VMAs are left, which only weak references allow,
 * it locks their VMs, and not the object, which nobody else can lock any more; otherwise it takes no lock: it may run
 * under that of a VM.
 */
export function msmGemFreeObject(msm: Msm, bo: MsmBo): void {
  if (msm.rules.vmas === "bo") {
    putIovaSpaces(msm, bo, null, true, "free");
    end(msm, bo);
    return;
  }
  if (bo.gpuva.length === 0) {
    end(msm, bo);
    return;
  }
  const locks = msm.vmas.vms(bo).map((vm) => vm.resv);
  withinPut(msm, "msm_gem_free_object", locks, () => tearDownAndFree(msm, bo));
}

function* tearDownAndFree(msm: Msm, bo: MsmBo): Steps<void> {
  const rObjs = () => msm.vmas.vms(bo).map((vm) => vm.rObj);
  const exec = yield* lockAll(msm, rObjs, DRM_EXEC_IGNORE_DUPLICATES);
  putIovaSpaces(msm, bo, null, true, "free");
  if (typeof exec !== "number") exec.fini();
  end(msm, bo);
}

function end(msm: Msm, bo: MsmBo): void {
  bo.onLru.remove();
  // Put exactly what was recorded as held: a foreign dma_resv alone proves nothing (bugs M2, M3).
  bo.privateResv?.put(bo);
  if (msm.defects.has("M2") && bo.noShare && bo.privateResv === null) bo.put(bo);
  if (msm.defects.has("M3") && bo.imported) {
    msm.dev.warn(
      `drm_gem_object_put of what ${bo.name}'s dma_resv lies in, which is another device's and no object`,
    );
  }
  bo.importedFrom?.bo.put(bo);
  releaseBo(bo);
  if (msm.machine.auditing) msm.machine.note(bo.name, "its memory is given back");
}
