import { DrmExec, type DrmGemObject, type Errno, finish, type Lock, type Steps } from "@gpuvm/core";
import type { Msm } from "../drv/device.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import type { MsmBo } from "./bo.ts";

/** Locks a VM: not where objects own their VMAs, and a VM has a spinlock for its addresses only. */
export function* lockVm(msm: Msm, exec: DrmExec, vm: MsmGemVm): Steps<Errno> {
  return msm.rules.vmas === "bo" ? 0 : yield* exec.lockObj(vm.rObj);
}

/** Locks a VM, then an object that does not share its dma_resv (`msm_gem_lock_vm_and_obj`). Unlock with `fini`. */
export function* lockVmAndObj(msm: Msm, vm: MsmGemVm, bo: MsmBo): Steps<DrmExec> {
  const exec = new DrmExec(msm.dev);
  while (exec.untilAllLocked()) {
    yield* lockVm(msm, exec, vm);
    if (exec.contended !== null) continue;
    if (bo.resv !== vm.resv) yield* exec.lockObj(bo);
  }
  return exec;
}

/** Locks each of some objects, asked for in each round; the first error ends it, with nothing locked. */
export function* lockAll(
  msm: Msm,
  objs: () => readonly DrmGemObject[],
  flags: number,
): Steps<DrmExec | Errno> {
  const exec = new DrmExec(msm.dev, flags);
  while (exec.untilAllLocked()) {
    for (const obj of objs()) {
      const ret = yield* exec.lockObj(obj);
      if (exec.contended !== null) break;
      if (ret === 0) continue;
      exec.fini();
      return ret;
    }
  }
  return exec;
}

/**
 * Runs what the kernel does, and may sleep in, within a put: here and now if no lock has to be waited for. Otherwise,
 * and while schedules are explored, in a worker: the object's count is zero for as long as the kernel would sleep.
 */
export function withinPut(msm: Msm, label: string, locks: readonly Lock[], start: () => Steps<void>): void {
  const { dev, machine } = msm;
  const contended = locks.some(({ owner }) => owner !== null && owner !== dev.current);
  if (dev.stepping || contended) machine.queueWork(label, start);
  else finish(start());
}
