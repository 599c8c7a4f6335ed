import { type DmaFence, ListNode } from "@gpuvm/core";
import { type InUse, noteUse, type Timer } from "@gpuvm/drm-model";
import type { TableUpdate, XeVm } from "../vm/vm.ts";
import type { XeQueue } from "./exec-queue.ts";
import { ban, tdrQueueImm } from "./queue-kill.ts";
import type { RingJob } from "./ring.ts";

const NO_UPDATES: readonly TableUpdate[] = [];

/** A batch (`struct xe_sched_job`): holds its queue until it is retired. */
export class XeJob implements RingJob {
  /** Whose it is; counted. */
  readonly queue: XeQueue;
  /** As what it holds the queue. */
  readonly name: string;
  /** Its number on the queue. */
  readonly seqno: number;
  /** Signals when it is done. */
  readonly fence: DmaFence;
  /** The ring flushes the TLB before it (`ring_ops_flush_tlb`). */
  flushTlb = false;
  /** What the GPU writes for the program behind it, and where in its VM (`job->user_fence`). */
  word: { readonly addr: number; readonly value: number } | null = null;
  uses: InUse | undefined = undefined;
  karma = 0;
  beginsAt: number = Number.POSITIVE_INFINITY;
  timer: Timer | null = null;
  readonly onRing: ListNode<RingJob> = new ListNode<RingJob>(this);
  /** On the list of its queue's jobs that have not ended. */
  readonly onPending: ListNode<RingJob> = new ListNode<RingJob>(this);
  /** Rebinds that it waits for, on a machine that watches. */
  rebinds: readonly TableUpdate[] = NO_UPDATES;

  /** The next job of a queue, which it holds. */
  constructor(queue: XeQueue, name: string, fence: DmaFence) {
    this.queue = queue;
    this.name = name;
    this.seqno = fence.seqno;
    this.fence = fence;
    queue.kref.get(name);
  }

  get endless(): boolean {
    const { vm } = this.queue;
    return vm.lrMode && vm.xe.endlessLongRunning;
  }

  signal(error = 0): void {
    const { word, fence } = this;
    if (error === 0 && word !== null) writeWord(this.queue.vm, word);
    fence.signal(error);
  }

  stopped(): boolean {
    return this.queue.stopped;
  }

  killed(): boolean {
    return this.queue.killed;
  }

  begins(): void {
    const { vm } = this.queue;
    const { machine } = vm.xe;
    this.queue.enabled = true;
    machine.counts.gpuJobs++;
    if (this.rebinds.some(({ fence }) => !fence.signaled))
      machine.hazard(
        "stale-pte",
        vm.gpuvm.name,
        "a job starts before entries of what moved are written again",
      );
    vm.xe.onEvent?.(["job", this.flushTlb]);
    if (this.flushTlb) vm.pt.flush("submit");
  }

  givenUp(): void {
    tdrQueueImm(this.queue);
  }

  timesOut(): void {
    ban(this.queue);
  }

  retire(): void {
    this.onPending.remove();
    this.queue.kref.put(this.name);
  }
}

/** `xe_sched_job_create`; null: no memory. */
export function newJob(queue: XeQueue): XeJob | null {
  const { machine } = queue.vm.xe;
  if (!machine.dev.mayAlloc("xe sched job")) return null;
  return new XeJob(queue, queue.vm.holder("submit"), machine.fence(queue.entity.context, ++queue.seqno));
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
  // Long-running work is preempted and not waited for.
  if (xe.machine.options.watch === true && !vm.lrMode) {
    // Binds of the program's are its affair, rebinds are not.
    const settled = vm.ranges.every((range) => range.rebind || range.fence.signaled);
    job.uses = noteUse(xe.machine, job.fence, {
      vm: vm.record,
      keeps: "memory",
      settled,
      once: true,
      saysDone: true,
    });
    job.rebinds = vm.ranges.filter((range) => range.rebind);
  }
  queue.pending.push(job.onPending);
  xe.ring(queue.engineClass).submit(job, queue.entity, after);
}

/** The ring writes behind the batch (`emit_store_imm_ppgtt_posted`). Only the program's own memory is followed: that it reads. */
function writeWord({ pt, file }: XeVm, { addr, value }: NonNullable<XeJob["word"]>): void {
  const run = pt.ptes.at(addr);
  if (run?.user === undefined || run.user.gone) return;
  file.process.memory.write(run.offset + (addr - run.start), value);
}
