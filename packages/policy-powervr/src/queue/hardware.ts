import type { DmaFence, DmaFenceCb, Steps } from "@gpuvm/core";
import { GpuEngine, type GpuJob, type GpuUse, type Machine } from "@gpuvm/drm-model";

/** A queue as firmware and GPU see it: what is in its CCCB. */
export interface HardwareQueue {
  /** `DRM_PVR_JOB_TYPE_*`: which data master does its jobs. */
  readonly type: number;
  /** A timeline of the hardware's own. */
  readonly hardwareContext: number;
  /** Jobs given so far. */
  submitted: number;
  /** The last job that is not done, or null. */
  lastOnHardware: DmaFence | null;
}

/** Firmware and GPU, as far as the driver sees them: they do what is in the CCCBs. */
export interface PvrHardware {
  /**
   * A job is in a queue's CCCB, and the firmware was told (`pvr_cccb_send_kccb_kick`). It starts when the jobs before it
   * in the queue and those that `waits` stand for are done; `done` is to be called when it is done itself. `uses` is told when
   * the GPU turns to it, and leaves it.
   */
  submit(queue: HardwareQueue, waits: readonly DmaFence[], done: () => void, uses?: GpuUse | undefined): void;
  /** All that it was given is gone, and nothing of it signals; `works`: it does what it is given from now on. Absent: never. */
  reset?(works: boolean): void;
  /** There will be another event, at which the driver looks at its queues; absent: events are said by whoever runs it. */
  nextEvent?(look: () => Steps<void>): void;
}

/** A job as the GPU has it. */
class Kick implements GpuJob, DmaFenceCb {
  readonly queue: HardwareQueue;
  readonly fence: DmaFence;
  readonly after: readonly DmaFence[];
  readonly done: () => void;
  readonly uses: GpuUse | undefined;

  constructor(
    machine: Machine,
    queue: HardwareQueue,
    after: readonly DmaFence[],
    done: () => void,
    uses: GpuUse | undefined,
  ) {
    this.queue = queue;
    this.fence = machine.fence(queue.hardwareContext, ++queue.submitted, false);
    this.after = after;
    this.done = done;
    this.uses = uses;
  }

  fenceSignaled(fence: DmaFence): void {
    if (this.queue.lastOnHardware === fence) this.queue.lastOnHardware = null;
    this.done();
  }
}

/** A GPU that takes modelled time: one engine for each data master. */
export class TimedHardware implements PvrHardware {
  readonly machine: Machine;
  readonly engines: readonly GpuEngine[];

  #works = true;

  /** An idle GPU. */
  constructor(machine: Machine) {
    this.machine = machine;
    this.engines = ["geometry", "fragment", "compute", "transfer"].map(
      (name) => new GpuEngine(machine, name),
    );
  }

  submit(queue: HardwareQueue, waits: readonly DmaFence[], done: () => void, uses?: GpuUse): void {
    if (!this.#works) return;
    const { lastOnHardware } = queue;
    const after =
      lastOnHardware === null ? waits : waits.length === 0 ? [lastOnHardware] : [lastOnHardware, ...waits];
    const job = new Kick(this.machine, queue, after, done, uses);
    queue.lastOnHardware = job.fence;
    job.fence.onSignal(job);
    (this.engines[queue.type] as GpuEngine).submit(job);
  }

  reset(works: boolean): void {
    this.#works = works;
    for (const engine of this.engines) engine.remove(() => true);
  }

  nextEvent(look: () => Steps<void>): void {
    this.machine.queueWork("pvr_queue_process", look);
  }
}
