import {
  DmaFence,
  type DmaResv,
  type DrmDevice,
  EINVAL,
  ENOENT,
  type Errno,
  ETIME,
  type List,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { type InUse, type Kref, noteUse, type VmRecord, waitResv } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import type { RingJob } from "../exec/ring.ts";

/** A queue as far as whoever takes it off the GPU needs it. */
export interface RunningQueue {
  /** References. */
  readonly kref: Kref;
  /** Where its work runs. */
  readonly vm: { readonly xe: Xe; readonly record: VmRecord; holder(what: string): string };
  /** `DRM_XE_ENGINE_CLASS_*`. */
  readonly engineClass: number;
  /** Jobs that have not ended, in the order of their numbers. */
  readonly pending: List<RingJob>;
  /** It does not answer, or a job of it took too long: it is taken off the GPU for good. */
  ban(): void;
  /** It was killed: nothing is begun any more (`exec_queue_killed`). */
  killed: boolean;
  /** The GPU may be on it (`exec_queue_enabled`). */
  enabled: boolean;
  /** It takes no more work (`q->ops->reset_status`). */
  readonly reset: boolean;
  /** Every job that was given to it has ended (`xe_exec_queue_is_idle`). */
  readonly idle: boolean;
  /** It was off the GPU by a preempt fence, and is to be brought back (`q->lr.suspended`). */
  suspended: boolean;
  /** What takes it off the GPU; null: nothing is armed (`q->lr.pfence`). */
  pfence: PreemptFence | null;
}

/**
 * Signals when a queue has been taken off the GPU, which somebody must want first (`struct xe_preempt_fence`): a job of
 * long-running work has no end to wait for. Holds its queue from the moment when it is armed until its work is done.
 */
export class PreemptFence extends DmaFence {
  readonly queue: RunningQueue;
  /** Runs when the queue is off the GPU. */
  readonly suspended: () => void;
  /** Somebody waits (`DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT`). */
  enabled = false;
  /** What the queue uses, on a machine that watches. */
  readonly uses: InUse | undefined;

  /** The fence of one run of a queue (`xe_preempt_fence_arm`); `settled`: what is mapped has its entries when it runs. */
  constructor(queue: RunningQueue, suspended: () => void, settled: boolean) {
    const { machine } = queue.vm.xe;
    super(machine.fenceContext(), 1);
    this.queue = queue;
    this.suspended = suspended;
    queue.kref.get(this);
    // The queue runs, on whatever is mapped, until it is suspended.
    this.uses = noteUse(machine, this, { vm: queue.vm.record, keeps: "now", settled });
  }

  /** Somebody waits: the queue is suspended, and the VM's rebind worker brings it back (`preempt_fence_enable_signaling`). */
  enable(): void {
    if (this.enabled) return;
    this.enabled = true;
    const { queue } = this;
    const { xe } = queue.vm;
    xe.onEvent?.(["queue suspend"]);
    // A queue that was killed has nothing to suspend (`guc_exec_queue_suspend`), and is not brought back.
    const error = queue.reset ? -EINVAL : 0;
    if (error === 0) queue.suspended = true;
    xe.machine.queueWork("xe preempt_fence_work", () => this.work(error));
  }

  /** `preempt_fence_work_func`. */
  *work(error: number): Steps<void> {
    const { queue } = this;
    let ret: Errno = error;
    if (ret === 0) ret = queue.reset ? -ENOENT : this.#suspendWait();
    this.uses?.stops();
    this.signal(ret);
    this.suspended();
    queue.kref.put(this);
  }

  /** `guc_exec_queue_suspend_wait`: a queue that the firmware does not take off the GPU within 5 s is banned. */
  #suspendWait(): Errno {
    const { queue } = this;
    if (queue.vm.xe.machine.dev.mayAlloc("guc answers a suspend")) return 0;
    queue.ban();
    return -ETIME;
  }
}

/** Lets a fence know that somebody waits (`dma_fence_enable_sw_signaling`). */
export function enableSignaling(fence: DmaFence): void {
  if (fence instanceof PreemptFence) fence.enable();
}

/** Waits for everything on a dma_resv, preempting what would not end (`dma_resv_wait_timeout`, BOOKKEEP). */
export function* waitIdle(dev: DrmDevice, resv: DmaResv, label: string): Steps<void> {
  if (resv.busy(USAGE_BOOKKEEP) === null) return;
  for (const { fence } of resv.pending()) enableSignaling(fence);
  yield* waitResv(dev, resv, USAGE_BOOKKEEP, label);
}
