import type { Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { captureCrashState } from "./crashstate.ts";
import { retireSubmits } from "./retire.ts";
import type { MsmRing } from "./ring.ts";
import type { RingJob } from "./ring-job.ts";

/**
 * The GPU hangs (`recover_worker`): the submit at hand is given up, the GPU is reset, and all others are written anew. If the
 * submit was retired in between there is nothing to do.
 */
export function* recover(msm: Msm): Steps<void> {
  const { dev, gpu } = msm;
  const ring = gpu.activeRing;
  yield* lock(dev, gpu.lock, "recover_worker");
  const hung = ring.inFlight.find(({ seqno }) => seqno === ring.done + 1);
  if (hung !== undefined) yield* giveUp(msm, ring, hung);
  if (gpu.rings.some(({ engine }) => engine.busy)) gpu.hangcheck.reset();
  unlock(dev, gpu.lock);
  gpu.queue("retire");
}

function* giveUp(msm: Msm, ring: MsmRing, hung: RingJob): Steps<void> {
  const { dev, gpu } = msm;
  blame(msm, hung);
  yield* captureCrashState(msm, hung);
  yield* preempt(dev, "preempt", "msm_update_fence");
  // From here on the GPU works on nothing; only then are fences signalled, and pages let go.
  for (const { engine } of gpu.rings) engine.reset();
  gpu.hangcheck.hung = false;
  yield* preempt(dev, "preempt", "gpu->funcs->recover");
  // msm_update_fence: the submit counts as done, without an error.
  ring.done = hung.seqno;
  hung.fence.signal();
  yield* retireSubmits(msm);
  for (const { inFlight } of gpu.rings) for (const { work } of inFlight) if (work.vm.unusable) work.cmds = 0;
  for (const each of gpu.rings) for (const job of [...each.inFlight]) each.replay(job);
}

/** Whose fault it is. A program that manages addresses loses its VM, but only if it lives. */
function blame({ gpu }: Msm, { work }: RingJob): void {
  work.queue.faults++;
  if (work.submitter.gone) {
    gpu.globalFaults++;
    return;
  }
  work.vm.faults++;
  if (!work.vm.managed) work.vm.unusable = true;
}
