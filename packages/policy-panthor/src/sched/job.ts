import { EINVAL, ENOMEM, type Errno } from "@gpuvm/core";
import { CountedFence, type InUse, Kref, SchedJob } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorGroup } from "./group.ts";
import type { PanthorQueue } from "./queue.ts";

/** Instructions around a job's own, without profiling: what it takes of the ring buffer (`calc_job_credits`). */
const CREDITS = 16;

/**
 * A job (`struct panthor_job`). Counted by the call or the scheduler, and by its queue while it is in the ring buffer; holds
 * its group.
 */
export class PanthorJob extends SchedJob {
  /** References. */
  readonly kref: Kref;
  /** Counted. */
  readonly group: PanthorGroup;
  /** Where it runs. */
  readonly queue: PanthorQueue;
  /** False: it has no commands, and only waits and signals. */
  readonly work: boolean;
  /** Holder of the call's, then the scheduler's reference. */
  readonly scheduled: string;
  /** Its own fence, without a scheduler; null: it has no commands, or was not given to the ring buffer. Counted. */
  doneFence: CountedFence | null = null;
  /** Its place in the ring buffer: the queue's number of it. */
  seqno = 0;
  /** The commands' first address. */
  readonly addr: number;
  /** What the GPU uses for it, on a machine that watches. */
  uses: InUse | undefined;

  /** Made by {@link createJob}. */
  constructor(panthor: Panthor, queue: PanthorQueue, addr: number, bytes: number) {
    const { dev } = panthor.machine;
    const name = dev.ledger === null ? "" : `submit#${dev.serial()}`;
    super(name, queue.entity, CREDITS);
    this.group = queue.group;
    this.queue = queue;
    this.work = bytes > 0;
    this.addr = addr;
    this.scheduled = "ioctl";
    this.group.kref.get(this);
    this.kref = new Kref(dev, name, this.scheduled, () => this.#release(panthor));
  }

  /** `job_release` */
  #release(panthor: Panthor): void {
    this.cleanup();
    this.doneFence?.put(this);
    panthor.onJobFree?.(this);
    this.group.kref.put(this);
  }

  /** Its own fence, on the queue's timeline. */
  initFence(panthor: Panthor): CountedFence {
    const { dev } = panthor.machine;
    this.seqno = ++this.queue.seqno;
    const name = dev.ledger === null ? "" : `fence#${dev.serial()}`;
    const base = panthor.machine.fence(this.queue.context, this.seqno);
    this.doneFence = new CountedFence(dev, base, name, this, () => {});
    return this.doneFence;
  }
}

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
  const job = new PanthorJob(panthor, queue, addr, bytes);
  panthor.onJobNew?.(job);
  return job;
}
