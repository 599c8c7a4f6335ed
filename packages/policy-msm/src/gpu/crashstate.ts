import {
  DRM_EXEC_IGNORE_DUPLICATES,
  type DrmGemObject,
  gpuvaObj,
  gpuvmForEachVa,
  type Steps,
} from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { lockAll } from "../gem/locks.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import type { RingJob } from "./ring-job.ts";

/**
 * Keeps the state of a crash for somebody to read it (`msm_gpu_crashstate_capture`), with what the submit at hand lists, or
 * what its program has mapped (`crashstate_get_bos`): their locks are taken, under that of the GPU. Only one state is kept.
 */
export function* captureCrashState(msm: Msm, job: RingJob | undefined): Steps<void> {
  const { dev, gpu } = msm;
  if (gpu.crashstate) return;
  if (job !== undefined) {
    const { vm, bos } = job.work;
    if (!vm.managed) {
      const exec = yield* lockAll(msm, () => [vm.rObj, ...mappedIn(vm)], DRM_EXEC_IGNORE_DUPLICATES);
      if (typeof exec !== "number") exec.fini();
    } else {
      for (const bo of bos) {
        yield* lock(dev, bo.resv, "crashstate_get_bos");
        unlock(dev, bo.resv);
      }
    }
  }
  gpu.crashstate = true;
}

function mappedIn(vm: MsmGemVm): DrmGemObject[] {
  const objects: DrmGemObject[] = [];
  gpuvmForEachVa(vm, (va) => {
    const obj = gpuvaObj(vm, va);
    if (obj !== null) objects.push(obj);
  });
  return objects;
}

/** The SMMU met an address that leads nowhere; the GPU goes on, and no VM is lost (`adreno_fault_handler`). */
export function* smmuFault(msm: Msm): Steps<void> {
  const { dev, gpu } = msm;
  if (gpu.crashstate) return;
  gpu.hangcheck.stop();
  yield* lock(dev, gpu.lock, "msm_gpu_fault_crashstate_capture");
  const { activeRing } = gpu;
  yield* captureCrashState(
    msm,
    activeRing.inFlight.find(({ seqno }) => seqno === activeRing.done + 1),
  );
  unlock(dev, gpu.lock);
}
