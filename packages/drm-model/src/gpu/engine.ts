import type { DmaFence, DmaFenceCb, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import { removeFrom } from "../machine/take-first.ts";
import { Timer } from "../machine/timers.ts";
import type { GpuUse } from "./in-use.ts";

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
  /** Is told when the GPU turns to it and leaves it; absent: that is the program's affair, or nobody looks. */
  readonly uses?: GpuUse | undefined;
  /** Work in process context after the fence has signalled (retire). */
  readonly retire?: () => Steps<void>;
}

/**
 * A job that was given to a ring: it waits, and then is on the ring. As a timer it is pending until it is done by itself; if not, somebody
 * says so, or it comes after one of which somebody does.
 */
class Given extends Timer implements DmaFenceCb {
  readonly engine: GpuEngine;
  readonly job: GpuJob;
  /** Fences that it waits for. */
  waits = 0;

  constructor(engine: GpuEngine, job: GpuJob) {
    super(ends);
    this.engine = engine;
    this.job = job;
  }

  /** One that it waits for has signalled. */
  fenceSignaled(): void {
    if (--this.waits === 0) this.engine.ready(this);
  }
}

function ends(timer: Timer): void {
  const given = timer as Given;
  given.engine.end(given);
}

/** Default modelled time of one job: 10 ms. */
const JOB_NS = 10_000_000;

/** One ring: jobs run one after the other, in the order in which they became ready. */
export class GpuEngine {
  readonly #machine: Machine;
  readonly #jobNs: number;
  readonly #retireLabel: string;
  /** What is on the ring; the GPU works on the first. */
  readonly #ring: Given[] = [];
  /** What is not on the ring yet, as it waits for something. */
  readonly #waiting: Given[] = [];
  #busyUntil = 0;
  #hung = false;

  /** An idle ring. */
  constructor(machine: Machine, name = "gpu") {
    this.#machine = machine;
    this.#jobNs = machine.options.jobNs ?? JOB_NS;
    this.#retireLabel = `${name} retire`;
  }

  /** The GPU has something to do. */
  get busy(): boolean {
    return this.#ring.length > 0;
  }

  /** The job at hand never ends, or else the next will not. */
  get hung(): boolean {
    return this.#hung;
  }

  /** What is not done: on the ring, oldest first, and then what waits. */
  get jobs(): readonly GpuJob[] {
    return [...this.#ring, ...this.#waiting].map(({ job }) => job);
  }

  /** Queues a job behind its dependencies. */
  submit(job: GpuJob): void {
    const given = new Given(this, job);
    for (const fence of job.after) {
      if (fence.signaled) continue;
      given.waits++;
      fence.onSignal(given);
    }
    if (given.waits === 0) this.#write(given);
    else this.#waiting.push(given);
  }

  /** A job waits for nothing any more. @internal */
  ready(given: Given): void {
    // If it was not taken away.
    if (removeFrom(this.#waiting, given)) this.#write(given);
  }

  /** Ends the oldest job that takes until it is told; false: there is none. What has nothing to do ends by itself. */
  finishNext(): boolean {
    const entry = this.#ring.find(({ pending }) => !pending);
    if (entry === undefined) return false;
    this.end(entry);
    this.#passEmpty();
    return true;
  }

  /** The job at hand, or else the next, never ends, nor does what is behind it, until {@link GpuEngine.reset}. */
  hang(): void {
    this.#hung = true;
    for (const given of this.#ring) this.#machine.timers.cancel(given);
  }

  /** The GPU is stopped and the ring emptied. @returns what was on it and not done, oldest first: no fence of it signals */
  reset(): GpuJob[] {
    const [hand] = this.#ring;
    if (hand !== undefined) this.#leave(hand.job);
    for (const given of this.#ring) this.#machine.timers.cancel(given);
    this.#busyUntil = this.#machine.now;
    this.#hung = false;
    return this.#ring.splice(0).map(({ job }) => job);
  }

  /**
   * Takes jobs away, which need not have begun. The GPU is stopped if it works on one of them, and the others begin anew; else what is
   * at hand goes on. No fence signals.
   */
  remove(which: (job: GpuJob) => boolean): void {
    for (const given of this.#waiting.filter(({ job }) => which(job))) {
      removeFrom(this.#waiting, given);
      this.#leave(given.job);
    }
    const [hand] = this.#ring;
    if (hand === undefined) return;
    if (which(hand.job)) {
      for (const job of this.reset()) {
        if (!which(job)) this.submit(job);
        else if (job !== hand.job) this.#leave(job);
      }
      return;
    }
    const { timers, counts, now } = this.#machine;
    const behind = this.#ring.splice(1);
    for (const given of behind) timers.cancel(given);
    this.#busyUntil = hand.pending ? hand.at : now;
    for (const given of behind) {
      const { job } = given;
      if (job.work !== false) counts.gpuJobs--;
      if (which(job)) this.#leave(job);
      else this.#write(given);
    }
  }

  /** What is the oldest now, and has nothing to do, ends when the workers have done their part. */
  #passEmpty(): void {
    const [entry] = this.#ring;
    if (entry === undefined || entry.pending || entry.job.work !== false) return;
    this.#machine.timers.add(this.#machine.now, () => {
      if (this.#ring[0] === entry) this.finishNext();
    });
  }

  #write(given: Given): void {
    const machine = this.#machine;
    const { job } = given;
    if (job.work !== false) machine.counts.gpuJobs++;
    const ns = job.work === false ? 0 : (job.ns ?? this.#jobNs);
    const endless = ns === Number.POSITIVE_INFINITY || (this.#hung && job.work !== false);
    const told = endless || !this.#endByThemselves();
    this.#ring.push(given);
    if (this.#ring.length === 1) this.#turnTo(job);
    if (told) return;
    this.#busyUntil = Math.max(this.#busyUntil, machine.now) + ns;
    machine.timers.set(given, this.#busyUntil);
  }

  /** Whether all on the ring do. */
  #endByThemselves(): boolean {
    for (const { pending } of this.#ring) if (!pending) return false;
    return true;
  }

  #turnTo(job: GpuJob): void {
    if (job.work !== false) job.uses?.starts();
  }

  #leave(job: GpuJob): void {
    if (job.work !== false) job.uses?.stops();
  }

  /** A job is done. @internal */
  end(entry: Given): void {
    const { job } = entry;
    const ring = this.#ring;
    const first = ring[0] === entry;
    removeFrom(ring, entry);
    this.#leave(job);
    const next = ring[0];
    if (first && next !== undefined) this.#turnTo(next.job);
    job.fence.signal();
    if (job.retire !== undefined) this.#machine.queueWork(this.#retireLabel, job.retire);
  }
}
