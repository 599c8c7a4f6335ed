import type { DmaFence, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import type { InUse } from "./in-use.ts";

/** A job for the GPU. */
export interface GpuJob {
  /** Signals when the GPU is done. */
  readonly fence: DmaFence;
  /** What it waits for. */
  readonly after: readonly DmaFence[];
  /** Modelled time in nanoseconds; default: the machine's. */
  readonly ns?: number;
  /** False: nothing runs, the fence signals as soon as everything before it is done. */
  readonly work?: boolean;
  /** What it uses, noted when it was submitted; absent: that is the program's affair, or nobody looks. */
  readonly uses?: InUse | undefined;
  /** Work in process context after the fence has signalled (retire). */
  readonly retire?: () => Steps<void>;
}

/** Default modelled time of one job: 10 ms. */
const JOB_NS = 10_000_000;

/** One ring: jobs run one after the other, in the order in which they became ready. */
export class GpuEngine {
  readonly #machine: Machine;
  readonly #jobNs: number;
  readonly #name: string;
  #busyUntil = 0;

  /** An idle ring. */
  constructor(machine: Machine, name = "gpu") {
    this.#machine = machine;
    this.#jobNs = machine.options.jobNs ?? JOB_NS;
    this.#name = name;
  }

  /** Queues a job behind its dependencies. */
  submit(job: GpuJob): void {
    let waiting = 1;
    const ready = () => {
      if (--waiting > 0) return;
      if (job.work !== false) job.uses?.starts();
      this.#start(job);
    };
    for (const fence of job.after) {
      if (fence.signaled) continue;
      waiting++;
      fence.onSignal(ready);
    }
    ready();
  }

  #start(job: GpuJob): void {
    const machine = this.#machine;
    if (job.work !== false) machine.counts.gpuJobs++;
    const ns = job.work === false ? 0 : (job.ns ?? this.#jobNs);
    this.#busyUntil = Math.max(this.#busyUntil, machine.now) + ns;
    machine.timers.add(this.#busyUntil, () => {
      job.fence.signal();
      if (job.retire !== undefined) machine.queueWork(`${this.#name} retire`, job.retire);
    });
  }
}
