import type { DmaFence, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import type { InUse } from "./in-use.ts";

/** A job for the GPU. */
export interface GpuJob {
  /** Signals when the GPU is done. */
  readonly fence: DmaFence;
  /** What it waits for. */
  readonly after: readonly DmaFence[];
  /** Modelled time in nanoseconds; default: the machine's. Infinity: until {@link GpuEngine.finishNext}. */
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
  /** Jobs without an end of their own, and what is behind them, oldest first. */
  readonly #endless: GpuJob[] = [];
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

  /** Ends the oldest job that takes until it is told; false: there is none. What has nothing to do ends by itself. */
  finishNext(): boolean {
    const job = this.#endless.shift();
    if (job === undefined) return false;
    this.#end(job);
    this.#passEmpty();
    return true;
  }

  /** What is the oldest now, and has nothing to do, ends when the workers have done their part. */
  #passEmpty(): void {
    const [job] = this.#endless;
    if (job?.work !== false) return;
    this.#machine.timers.add(this.#machine.now, () => {
      if (this.#endless[0] === job) this.finishNext();
    });
  }

  #start(job: GpuJob): void {
    const machine = this.#machine;
    if (job.work !== false) machine.counts.gpuJobs++;
    const ns = job.work === false ? 0 : (job.ns ?? this.#jobNs);
    if (ns === Number.POSITIVE_INFINITY || this.#endless.length > 0) {
      this.#endless.push(job);
      return;
    }
    this.#busyUntil = Math.max(this.#busyUntil, machine.now) + ns;
    machine.timers.add(this.#busyUntil, () => this.#end(job));
  }

  #end(job: GpuJob): void {
    job.fence.signal();
    if (job.retire !== undefined) this.#machine.queueWork(`${this.#name} retire`, job.retire);
  }
}
