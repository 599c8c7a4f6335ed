import type { DmaFence, Steps } from "@gpuvm/core";
import { GpuEngine, type Machine } from "@gpuvm/drm-model";
import type { MsmLog } from "../drv/log.ts";
import type { RingJob, RingWork } from "./ring-job.ts";
import { Sched } from "./sched.ts";

/** Submits on a ring at once (`num_hw_submissions`). */
export const RING_DEPTH = 8;

/** Priorities of each ring that a program may ask for. */
export const NR_SCHED_PRIORITIES = 3;

/** A ring and its scheduler (`struct msm_ringbuffer`): what is written to it is done in that order. */
export class MsmRing {
  readonly id: number;
  /** Which submit is written next. */
  readonly sched: Sched;
  /** The hardware. */
  readonly engine: GpuEngine;
  /** Submits that are written and not done, oldest first. */
  readonly inFlight: RingJob[] = [];
  /** Submits that were written with their commands, and those written empty. */
  executed = 0;
  /** See {@link MsmRing.executed}. */
  emptied = 0;
  readonly #machine: Machine;
  readonly #log: MsmLog | null;
  readonly #context: number;
  #seqno = 0;

  /** An empty ring (`msm_ringbuffer_new`). */
  constructor(machine: Machine, id: number, log: MsmLog | null) {
    this.id = id;
    this.#machine = machine;
    this.#log = log;
    this.sched = new Sched(machine, `ring${id}`, RING_DEPTH);
    this.engine = new GpuEngine(machine, `ring${id}`);
    this.#context = machine.fenceContext();
  }

  /**
   * Writes a submit (`msm_gpu_submit`).
   *
   * @param retire what is let go when it is done, in the GPU's own worker
   * @returns the hardware's fence
   */
  submit(work: RingWork, retire: () => Steps<void>): DmaFence {
    const fence = this.#machine.fence(this.#context, ++this.#seqno);
    const job: RingJob = { ...work, seqno: this.#seqno };
    const { cmds, uses } = work;
    if (cmds > 0) this.executed++;
    else this.emptied++;
    this.#log?.gpu("run", job);
    this.inFlight.push(job);
    fence.onSignal(() => {
      this.#log?.gpu("done", job);
      this.#machine.queueUrgentWork(`ring${this.id} retire`, () => this.#retire(job, retire));
    });
    this.engine.submit({ fence, after: [], work: cmds > 0, uses });
    return fence;
  }

  /** `retire_submit`. */
  *#retire(job: RingJob, retire: () => Steps<void>): Steps<void> {
    this.inFlight.splice(this.inFlight.indexOf(job), 1);
    yield* retire();
  }
}
