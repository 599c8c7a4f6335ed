import type { Holder, Steps } from "@gpuvm/core";
import { type Machine, preempt } from "@gpuvm/drm-model";
import { OrderedQueue } from "./exec/ordered-queue.ts";
import type { XeRing } from "./exec/ring.ts";

/** A queue that the firmware may know (`guc->submission_state.exec_queue_lookup`), as far as a reset is concerned with it. */
export interface GucQueue {
  readonly kref: { get(holder: Holder): void; put(holder: Holder): boolean };
  /** Nothing of it is given to the GPU any more (`guc_exec_queue_stop`). */
  stop(): void;
  /** The GPU was reset: it works on nothing of it. */
  left(): void;
  /** What was given to the GPU is given to it again, unless the queue is done for (`guc_exec_queue_start`). */
  start(): void;
  /** The GPU was not reset after all: what it has it still has. */
  goOn(): void;
  /** `guc_exec_queue_kill`. */
  kill(): void;
  /** The device is wedged, and everything stays as it is (`set_exec_queue_wedged`). */
  wedge(): void;
}

/** What of a device a reset needs to know. */
interface Surroundings {
  readonly machine: Machine;
  /** Its engines so far. */
  readonly rings: ReadonlyMap<number, XeRing>;
  /** The device takes no more work. */
  readonly wedged: { readonly flag: boolean };
  /** Nobody answers page faults any more that were not looked at (`xe_pagefault_reset`). */
  pagefaultReset(): void;
  /** `xe_device_declare_wedged`. */
  declareWedged(): void;
}

/** The GT with the engines that programs use (`struct xe_gt`), and the firmware that schedules them. */
export class XeGt {
  /** Timeouts of jobs, and resets, one after the other (`gt->ordered_wq`). */
  readonly orderedWq: OrderedQueue;
  /** Queues that are not freed. */
  readonly queues: Set<GucQueue> = new Set();
  /** A reset is wanted, or under way: the firmware answers nothing (`submission_state.stopped`). */
  stopped = false;
  /** Nothing is given to the GPU (`xe_sched_submission_stop`, for all). */
  paused = false;
  readonly #xe: Surroundings;

  /** A GT that works. */
  constructor(xe: Surroundings) {
    this.#xe = xe;
    this.orderedWq = new OrderedQueue(xe.machine, "xe gt-ordered-wq");
  }

  /** Wants a reset (`xe_gt_reset_async`): one at a time. */
  resetAsync(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.orderedWq.queue(() => this.#resetWorker());
  }

  /**
   * `gt_reset_worker`: queues are stopped, then the GPU leaves what it works on, then what was not begun is given to it again. What
   * had begun costs its queue. A reset that fails costs the device.
   */
  *#resetWorker(): Steps<void> {
    const { machine, wedged } = this.#xe;
    const { dev } = machine;
    if (wedged.flag) return;
    this.#xe.pagefaultReset();
    this.submitStop();
    // The GPU has work until it is reset.
    yield* preempt(dev, "preempt", "gt_reset_worker");
    if (!dev.mayAlloc("xe gt reset")) {
      this.#fails();
      return;
    }
    this.left();
    yield* preempt(dev, "preempt", "do_gt_reset");
    if (!dev.mayAlloc("xe gt restart")) {
      this.#fails();
      return;
    }
    this.submitStart();
  }

  /** No queue gives anything to the GPU (`xe_guc_submit_stop`). */
  submitStop(): void {
    this.paused = true;
    for (const ring of this.#xe.rings.values()) ring.paused = true;
    for (const queue of this.queues) queue.stop();
  }

  /** The GPU works on nothing, and its TLBs are empty (`do_gt_reset`, `xe_tlb_inval_reset`). */
  left(): void {
    const { rings, machine } = this.#xe;
    for (const ring of rings.values()) ring.left();
    for (const queue of this.queues) queue.left();
    for (const { pt } of machine.vms) pt.forget();
  }

  /** `xe_guc_submit_start`. */
  submitStart(): void {
    this.stopped = false;
    for (const queue of this.queues) queue.start();
    for (const ring of this.#xe.rings.values()) ring.again();
    this.resume();
  }

  /** Jobs may be run again, or given up (`xe_sched_submission_start`). */
  resume(): void {
    this.paused = false;
    for (const ring of this.#xe.rings.values()) ring.resume();
  }

  /** The end of a reset that can't be made: all goes on, if the device is not to be wedged (`err_out`). */
  #fails(): void {
    this.#xe.declareWedged();
    if (this.#xe.wedged.flag) return;
    this.stopped = false;
    for (const queue of this.queues) queue.goOn();
    this.resume();
  }
}
