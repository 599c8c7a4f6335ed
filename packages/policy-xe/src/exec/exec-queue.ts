import { type DmaFence, List, type Steps } from "@gpuvm/core";
import { Kref } from "@gpuvm/drm-model";
import type { GucQueue } from "../gt.ts";
import type { PreemptFence, RunningQueue } from "../preempt/preempt-fence.ts";
import type { XeVm } from "../vm/vm.ts";
import type { Xef } from "../xef.ts";
import { XeEntity } from "./entity.ts";
import { ban, kill } from "./queue-kill.ts";
import type { RingJob, XeRing } from "./ring.ts";

/** A queue for work (`struct xe_exec_queue`). Counted by the file's table, by each job and by its preempt fence. */
export class XeQueue implements RunningQueue, GucQueue {
  /** References. */
  readonly kref: Kref;
  /** Where its work runs; counted. */
  readonly vm: XeVm;
  /** `DRM_XE_ENGINE_CLASS_*`. */
  readonly engineClass: number;
  /** Jobs that wait for something before they begin, and what its jobs are numbered on. */
  readonly entity: XeEntity<RingJob>;
  /** The end of the last batch, or what else was the last to signal syncs; not of long-running work (`q->last_fence`). */
  lastFence: DmaFence | null = null;
  /** Jobs so far. */
  seqno = 0;
  /** What the VM's count was when its last batch flushed the TLB (`q->tlb_flush_seqno`). */
  tlbFlushSeqno = 0;
  /** Jobs that have not ended, in the order of their numbers. */
  readonly pending: List<RingJob> = new List();
  /** It was killed: nothing is begun any more (`exec_queue_killed`). */
  killed = false;
  /** The GPU may be on it (`exec_queue_enabled`). */
  enabled = false;
  /** It was made while a reset was wanted: until that is over nothing of it is given to the GPU (`guc_exec_queue_init`). */
  stopped: boolean;
  /** It was off the GPU by a preempt fence, and is to be brought back (`q->lr.suspended`). */
  suspended = false;
  /** What takes it off the GPU; null: nothing is armed (`q->lr.pfence`). */
  pfence: PreemptFence | null = null;

  /** A queue with one reference, of the creator. */
  constructor(file: Xef, vm: XeVm, engineClass: number) {
    const { machine } = file;
    this.vm = vm;
    this.engineClass = engineClass;
    this.entity = new XeEntity(machine.fenceContext());
    const { gt } = vm.xe;
    gt.queues.add(this);
    this.stopped = gt.stopped;
    const name = `queue#${machine.dev.serial()}`;
    this.kref = new Kref(machine.dev, name, "creator", () => {
      // `xe_exec_queue_destroy`: a worker tells the firmware and frees it.
      machine.queueWork("xe exec queue destroy", () => this.#fini(file));
    });
    vm.gpuvm.get(this.kref);
    file.kref.get(this.kref);
  }

  /** `xe_exec_queue_fini`. */
  *#fini(file: Xef): Steps<void> {
    this.vm.xe.gt.queues.delete(this);
    this.vm.gpuvm.put(this.kref);
    file.kref.put(this.kref);
  }

  /** See {@link RunningQueue}. */
  ban(): void {
    ban(this);
  }

  /** `guc_exec_queue_kill`. */
  kill(): void {
    this.stopped = false;
    kill(this);
  }

  /**
   * `guc_exec_queue_stop`: a queue whose first job the GPU has begun is banned, as that may be at fault, or for which the GPU was reset too
   * often.
   */
  stop(): void {
    this.enabled = false;
    const job = this.#first();
    if (job === undefined || this.killed) return;
    if (this.#ring.started(job) || ++job.karma > 2) ban(this);
  }

  /** See {@link GucQueue}. */
  left(): void {
    this.pfence?.uses?.stops();
  }

  /** `guc_exec_queue_start`. */
  start(): void {
    this.stopped = false;
    if (this.killed) return;
    const ring = this.#ring;
    for (const job of this.pending.toArray()) {
      if (!ring.has(job)) continue;
      this.enabled = true;
      ring.again(job);
    }
    if (!this.suspended && !this.idle) this.pfence?.uses?.starts();
  }

  /** See {@link GucQueue}. */
  goOn(): void {
    this.stopped = false;
    this.enabled = this.pending.toArray().some((job) => this.#ring.has(job));
  }

  /** See {@link GucQueue}. */
  wedge(): void {
    this.killed = true;
  }

  /** A job that has not ended, by its number; null: it has, or there is none. */
  job(seqno: number): RingJob | null {
    for (let node = this.pending.head; node !== null; node = node.next)
      if (node.owner.fence.seqno === seqno) return node.owner;
    return null;
  }

  /** `xe_sched_first_pending_job`. */
  #first(): RingJob | undefined {
    return this.pending.toArray().find((job) => this.#ring.has(job));
  }

  get #ring(): XeRing {
    return this.vm.xe.ring(this.engineClass);
  }

  /** It takes no more work (`q->ops->reset_status`). */
  get reset(): boolean {
    return this.killed;
  }

  /** Every job that was given to it has ended (`xe_exec_queue_is_idle`). */
  get idle(): boolean {
    return this.pending.length === 0;
  }
}
