import type { DmaFence, DmaFenceCb } from "@gpuvm/core";
import { GpuEngine, type Machine } from "@gpuvm/drm-model";
import type { MsmLog } from "../drv/log.ts";
import type { RingJob, RingWork } from "./ring-job.ts";
import { Sched } from "./sched.ts";

/** Submits on a ring at once (`num_hw_submissions`). */
export const RING_DEPTH = 8;

/** Priorities of each ring that a program may ask for. */
export const NR_SCHED_PRIORITIES = 3;

const NO_FENCES: readonly DmaFence[] = [];

/** A ring and its scheduler (`struct msm_ringbuffer`): what is written to it is done in that order. */
export class MsmRing {
  readonly id: number;
  /** Which submit is written next. */
  readonly sched: Sched;
  /** The hardware. */
  readonly engine: GpuEngine;
  /** Submits that are written and not retired, oldest first (`submits`). */
  readonly inFlight: RingJob[] = [];
  /** Number of the last one that was written (`fctx->last_fence`). */
  seqno = 0;
  /** Number of the last one that is done, as the GPU writes it (`memptrs->fence`). */
  done = 0;
  /** What it was when the GPU was looked at last (`hangcheck_fence`). */
  hangcheckFence = 0;
  /** Submits that were written with their commands, and those written empty. */
  executed = 0;
  /** See {@link MsmRing.executed}. */
  emptied = 0;
  readonly #machine: Machine;
  readonly #log: MsmLog | null;
  readonly #context: number;
  readonly #onDone: () => void;

  /** An empty ring (`msm_ringbuffer_new`). `onDone`: the GPU has done something (the interrupt). */
  constructor(machine: Machine, id: number, log: MsmLog | null, onDone: () => void) {
    this.id = id;
    this.#machine = machine;
    this.#log = log;
    this.#onDone = onDone;
    this.sched = new Sched(machine, `ring${id}`, RING_DEPTH);
    this.engine = new GpuEngine(machine, `ring${id}`);
    this.#context = machine.fenceContext();
  }

  /** Writes a submit (`msm_gpu_submit`), with its commands or empty. @returns the hardware's fence */
  submit(work: RingWork, cmds: number): DmaFence {
    const seqno = ++this.seqno;
    const fence = this.#machine.fence(this.#context, seqno);
    const job = new WrittenJob(this, seqno, fence, work, cmds);
    this.inFlight.push(job);
    fence.onSignal(job);
    this.#write(job);
    return fence;
  }

  /** The GPU says that a job is done. */
  wrote(job: RingJob): void {
    this.done = job.seqno;
    this.#log?.gpu("done", job);
    this.#onDone();
  }

  /** Writes it anew after the GPU was reset: what it has, even if it was written empty before (`recover_worker`). */
  replay({ seqno, fence, work }: RingJob): void {
    this.#write({ seqno, fence, work, cmds: work.cmds });
  }

  #write(job: RingJob): void {
    const { cmds, fence, work } = job;
    if (cmds > 0) this.executed++;
    else this.emptied++;
    this.#log?.gpu("run", job);
    this.engine.submit({ fence, after: NO_FENCES, work: cmds > 0, uses: work.uses });
  }
}

/** A job from its submission on. */
class WrittenJob implements RingJob, DmaFenceCb {
  readonly seqno: number;
  readonly fence: DmaFence;
  readonly work: RingWork;
  readonly cmds: number;
  readonly #ring: MsmRing;

  constructor(ring: MsmRing, seqno: number, fence: DmaFence, work: RingWork, cmds: number) {
    this.seqno = seqno;
    this.fence = fence;
    this.work = work;
    this.cmds = cmds;
    this.#ring = ring;
  }

  fenceSignaled(): void {
    this.#ring.wrote(this);
  }
}
