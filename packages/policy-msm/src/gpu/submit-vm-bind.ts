import {
  type DmaFence,
  DRM_EXEC_IGNORE_DUPLICATES,
  DrmExec,
  type DrmGpuvmBo,
  type Errno,
  gpuvmBoEvict,
  gpuvmBoForEachVa,
  gpuvmPrepareObjects,
  gpuvmPrepareVm,
  gpuvmResvAddFence,
  gpuvmValidate,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { pinVmaLocked } from "../gem/pages.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import type { MsmSubmit } from "./submit-state.ts";

/** The VM and its external objects (`submit_lock_objects_vmbind`). */
export function* lockObjectsVmBind(msm: Msm, submit: MsmSubmit): Steps<DrmExec | Errno> {
  const { vm } = submit;
  const exec = new DrmExec(msm.dev, DRM_EXEC_IGNORE_DUPLICATES);
  exec.interrupt = submit.submitter;
  while (exec.untilAllLocked()) {
    let ret = yield* gpuvmPrepareVm(vm, exec, 1);
    if (exec.contended !== null) continue;
    if (ret === 0) ret = yield* gpuvmPrepareObjects(vm, exec, 1);
    if (exec.contended !== null || ret === 0) continue;
    exec.fini();
    return ret;
  }
  msm.dev.current.objects = exec.objects.length;
  return exec;
}

/**
 * The submit's fence on the VM and its external objects, without implicit synchronisation; then, and not before, what
 * was evicted is mapped again (`drm_gpuvm_validate`).
 */
export function* fenceAndValidate(
  { history }: Msm,
  vm: MsmGemVm,
  exec: DrmExec,
  fence: DmaFence,
): Steps<Errno> {
  gpuvmResvAddFence(vm, exec, fence, USAGE_BOOKKEEP, USAGE_BOOKKEEP);
  if (history.closeWaitsForWork)
    vm.lastFence = [fence, ...(vm.lastFence ?? [])].filter(({ signaled }) => !signaled);
  return yield* gpuvmValidate(vm, exec);
}

/** Pages back, every mapping of the link back, synchronously; takes the mark off itself (`msm_gem_vm_bo_validate`). */
export function vmBoValidate(msm: Msm, vmBo: DrmGpuvmBo): Errno {
  const vm = vmBo.vm as MsmGemVm;
  let ret: Errno = 0;
  gpuvmBoForEachVa(vmBo, (va) => {
    if (ret === 0) ret = pinVmaLocked(msm, vmBo.obj as MsmBo, vm, va);
  });
  if (ret === 0) gpuvmBoEvict(vmBo, false);
  return ret;
}
