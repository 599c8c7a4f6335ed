import type { DmaFence } from "@gpuvm/core";
import { noteUse } from "@gpuvm/drm-model";
import type { XeQueue } from "./exec-queue.ts";
import { ban } from "./queue-kill.ts";
import type { RingJob } from "./ring.ts";

/** A batch (`struct xe_sched_job`): holds its queue until it is retired. */
export interface XeJob {
  readonly name: string;
  readonly seqno: number;
  readonly fence: DmaFence;
  /** The ring flushes the TLB before it (`ring_ops_flush_tlb`). */
  flushTlb: boolean;
}

/** `xe_sched_job_create`; null: no memory. */
export function newJob(queue: XeQueue): XeJob | null {
  const { machine } = queue.vm.xe;
  if (!machine.dev.mayAlloc("xe sched job")) return null;
  const seqno = ++queue.seqno;
  const name = queue.vm.holder("submit");
  queue.kref.get(name);
  return { name, seqno, fence: machine.fence(queue.context, seqno), flushTlb: false };
}

/** A job that was not armed goes (`xe_sched_job_put`). */
export function putJob(queue: XeQueue, job: XeJob): void {
  queue.seqno--;
  queue.kref.put(job.name);
}

/**
 * Decides whether the ring flushes the TLB before the batch (`xe_sched_job_arm`): where the scratch page may be in it, always;
 * else if entries were replaced since the queue's last batch that did. Long-running work has its own ways.
 */
export function armJob(queue: XeQueue, job: XeJob): void {
  const { vm } = queue;
  if (vm.lrMode || !(vm.batchInvalidateTlb || vm.tlbFlushSeqno !== queue.tlbFlushSeqno)) return;
  queue.tlbFlushSeqno = vm.tlbFlushSeqno;
  job.flushTlb = true;
}

/** `xe_sched_job_push`. */
export function pushJob(queue: XeQueue, job: XeJob, after: readonly DmaFence[]): void {
  const { vm } = queue;
  const { xe } = vm;
  // Long-running work is preempted and not waited for. Binds of the program's are its affair, rebinds are not.
  const settled = vm.ranges.every((range) => range.rebind || range.fence.signaled);
  const uses = vm.lrMode
    ? undefined
    : noteUse(xe.machine, job.fence, { vm: vm.record, keeps: "memory", settled });
  const rebinds = uses === undefined ? [] : vm.ranges.filter((range) => range.rebind);
  const ringJob: RingJob = {
    fence: job.fence,
    uses,
    endless: vm.lrMode && xe.endlessLongRunning,
    signal: (error = 0) => job.fence.signal(error),
    killed: () => queue.killed,
    begins() {
      xe.machine.counts.gpuJobs++;
      if (rebinds.some(({ fence }) => !fence.signaled))
        xe.machine.hazard(
          "stale-pte",
          vm.gpuvm.name,
          "a job starts before entries of what moved are written again",
        );
      xe.onEvent?.(["job", job.flushTlb]);
      if (job.flushTlb) vm.pt.flush("submit");
    },
    timesOut: () => ban(queue),
    retire() {
      queue.pending.delete(job.seqno);
      queue.kref.put(job.name);
    },
  };
  queue.pending.set(job.seqno, ringJob);
  xe.ring(queue.engineClass).submit(ringJob, after);
}
