import { gpuvmBoPut, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { lockVmAndObj } from "../gem/locks.ts";
import type { MsmGemVm, MsmVmBo } from "../vma/vm.ts";
import { putIovaSpaces } from "../vma/vma.ts";
import type { MsmQueue } from "./queue.ts";

/** A submit as far as its end needs it. */
export interface RetiringSubmit {
  readonly name: string;
  /** Its queue; counted. */
  readonly queue: MsmQueue;
  /** The program's number of its fence. */
  readonly number: number;
  readonly vm: MsmGemVm;
  /** What it lists, each counted, and their links where it holds those. */
  readonly bos: readonly MsmBo[];
  readonly vmBos: readonly (MsmVmBo | null)[];
}

/** A submit is done, or failed: it lets go of what it holds (`msm_submit_retire`). */
export function* retire(msm: Msm, submit: RetiringSubmit): Steps<void> {
  const { bos } = submit;
  const { submitHoldsVmBo } = msm.rules;
  for (let i = 0; i < bos.length; i++) {
    const bo = bos[i] as MsmBo;
    if (submitHoldsVmBo) yield* putVmBo(msm, submit, bo, submit.vmBos[i] ?? null);
    bo.put(submit);
  }
}

/** Submits that are done are retired, those of the most urgent ring first (`retire_submits`). */
export function* retireSubmits({ rings }: Msm): Steps<void> {
  for (const { inFlight } of rings) {
    for (let job = inFlight[0]; job?.fence.signaled === true; job = inFlight[0]) {
      inFlight.shift();
      yield* job.work.retire();
    }
  }
}

/** Nothing needs the submit any more (`__msm_gem_submit_destroy`). */
export function destroy(submit: RetiringSubmit): void {
  submit.queue.fences.delete(submit.number);
  submit.queue.put(submit);
}

/** Keeping the vm_bo keeps its struct, not the mapping: only the maintainer's proposal makes an event of the put. */
function* putVmBo(msm: Msm, submit: RetiringSubmit, bo: MsmBo, vmBo: MsmVmBo | null): Steps<void> {
  if (vmBo === null || !msm.rules.teardown.retire) {
    yield* lock(msm.dev, bo.resv, "msm_submit_retire");
    if (vmBo !== null) vmBo.requests--;
    gpuvmBoPut(vmBo, submit);
    unlock(msm.dev, bo.resv);
    return;
  }
  const exec = yield* lockVmAndObj(msm, submit.vm, bo);
  if (--vmBo.requests === 0) putIovaSpaces(msm, bo, submit.vm, true, "retire");
  gpuvmBoPut(vmBo, submit);
  exec.fini();
}
