import { EINVAL, ENOMEM, type Errno, type Holder } from "@gpuvm/core";
import { dies, dropRef } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { type PanthorGroup, PanthorJob } from "./group.ts";

/** What a program asks of one queue. */
export interface QueueSubmit {
  /** The queue's number in its group. */
  readonly queue: number;
  /** Where the commands are. */
  readonly addr: number;
  /** Their bytes; 0: nothing is to be done. */
  readonly bytes: number;
}

/** A job with one reference, of the call's (`panthor_job_create`); -errno. */
export function createJob(
  panthor: Panthor,
  group: PanthorGroup | undefined,
  { queue: index, addr, bytes }: QueueSubmit,
): PanthorJob | Errno {
  if ((bytes === 0) !== (addr === 0) || addr % 64 !== 0 || bytes % 8 !== 0) return -EINVAL;
  if (!panthor.machine.dev.mayAlloc("panthor job")) return -ENOMEM;
  if (group === undefined || !group.canRun) return -EINVAL;
  const queue = group.queues[index];
  if (queue === undefined) return -EINVAL;
  const job = new PanthorJob(panthor.machine.dev, queue, addr, bytes);
  panthor.onJobNew?.(job);
  return job;
}

/** Drops a reference of a job (`panthor_job_put`); the last one lets go of everything (`job_release`). */
export function putJob(panthor: Panthor, job: PanthorJob, holder: Holder): void {
  const { dev } = panthor.machine;
  if (!dropRef(job, dev, holder)) return;
  dies(dev, job);
  job.cleanup();
  job.doneFence?.put(job);
  panthor.onJobFree?.(job);
  job.group.kref.put(job);
}
