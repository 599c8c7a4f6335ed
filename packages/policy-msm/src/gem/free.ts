import { DRM_EXEC_IGNORE_DUPLICATES, type Steps } from "@gpuvm/core";
import { type DmaBuf, releaseBo } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { putIovaSpaces } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { lockAll, withinPut } from "./locks.ts";
import { putPages } from "./pages.ts";
import { detach } from "./prime.ts";
import { underLru } from "./under-lru.ts";

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
  if (bo.importAttach !== null) detach(msm, bo.importAttach as DmaBuf, bo);
  else if (!bo.imported) putPages(msm, bo, "purged");
  if (bo.vmaRef > 0)
    msm.machine.hazard(
      "leak",
      bo.name,
      `${bo.name} is freed, and ${bo.vmaRef} claims on its mappings are left`,
    );
  // Put exactly what was recorded as held: a foreign dma_resv alone proves nothing (bugs M2, M3).
  bo.privateResv?.put(bo);
  msm.history.released(bo);
  releaseBo(bo);
  underLru(msm, () => bo.onLru.remove());
  if (msm.machine.auditing) msm.machine.note(bo.name, "its memory is given back");
}
