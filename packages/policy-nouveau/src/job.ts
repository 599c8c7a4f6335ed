import { type DmaFence, EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { unlock, waitFence } from "@gpuvm/drm-model";
import type { NvDevice } from "./device.ts";
import type { NouveauSched } from "./sched.ts";
import type { BindInFlight } from "./sched-job.ts";

/** A bind or an EXEC on its way to the scheduler (`struct nouveau_job`). */
export interface Job {
  /** Shown in findings. */
  readonly label: string;
  readonly credits: number;
  /** The call waits until it is done. */
  readonly sync: boolean;
  /** What it waits for (`in_sync`). */
  readonly after: readonly DmaFence[];
  readonly bind: BindInFlight | null;
  /** What can fail; afterwards everything is locked. */
  readonly submit: () => Steps<Errno>;
  /** Fences what is locked, and unlocks. */
  readonly armedSubmit: (finished: DmaFence) => void;
  readonly run: (finished: DmaFence) => Steps<DmaFence | number>;
  readonly free: () => Steps<void>;
  /** See `SchedJob`. */
  readonly timeout: (() => void) | null;
}

/** `nouveau_job_init`: who waits in the call has no use for syncobjs. */
export function jobInit(sync: boolean, ins = 0, outs = 0): Errno {
  return sync && (ins > 0 || outs > 0) ? -EINVAL : 0;
}

/**
 * `nouveau_job_submit`. Under the scheduler's mutex, from before the job changes anything until it is in the queue.
 *
 * @returns 0, or what `submit` answered; then the job is given back
 */
export function* jobSubmit(nv: NvDevice, sched: NouveauSched, job: Job): Steps<Errno> {
  const { dev } = nv;
  if (dev.stopsAt(sched.mutex, "nouveau_job_submit")) yield dev.point;
  sched.mutex.acquire(dev.current);
  const ret = yield* job.submit();
  if (ret !== 0) {
    unlock(dev, sched.mutex);
    // nouveau_job_fini
    yield* job.free();
    return ret;
  }
  const finished = sched.timeline.next();
  job.armedSubmit(finished);
  const { label, credits, after, bind, free, timeout } = job;
  const run = () => job.run(finished);
  sched.push({ label, credits, after, bind, free, timeout, finished, run, parent: null });
  unlock(dev, sched.mutex);
  if (job.sync) yield* waitFence(dev, finished, "nouveau_job_submit");
  return 0;
}
