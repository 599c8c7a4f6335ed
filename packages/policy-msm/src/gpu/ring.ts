import type { DmaFence, Steps } from "@gpuvm/core";
import { GpuEngine, type InUse, type Machine } from "@gpuvm/drm-model";

/** Submits on the ring at once (`num_hw_submissions`). */
export const RING_DEPTH = 8;

/** A submit, as the scheduler sees it. */
export interface RingJob {
  /** What it waits for. */
  readonly after: readonly DmaFence[];
  /** Signals when the GPU is done. */
  readonly fence: DmaFence;
  /** What it uses, where everything that is mapped is in use. */
  readonly uses: InUse | undefined;
  /** Called once, when it is written to the ring (`msm_job_run`); false: written empty. */
  readonly run: () => boolean;
  /** In process context after the fence has signalled (`msm_submit_retire`). */
  readonly retire: () => Steps<void>;
}

/** The submits of one queue: each becomes ready in its turn, when its dependencies have signalled (`drm_sched_entity`). */
export class Entity {
  readonly #ring: Ring;
  readonly #jobs: RingJob[] = [];

  /** Nothing is queued. */
  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** Queues a submit (`drm_sched_entity_push_job`). */
  push(job: RingJob): void {
    if (this.#jobs.push(job) === 1) this.#kick();
  }

  #kick(): void {
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      const blocker = firstBusy(job.after);
      if (blocker !== null) {
        blocker.onSignal(() => this.#kick());
        return;
      }
      this.#jobs.shift();
      this.#ring.ready(job);
    }
  }
}

function firstBusy(fences: readonly DmaFence[]): DmaFence | null {
  for (let i = 0; i < fences.length; i++) {
    const fence = fences[i] as DmaFence;
    if (!fence.signaled) return fence;
  }
  return null;
}

/** The ring: a few submits are on it, the others wait in the order in which they became ready. */
export class Ring {
  /** Submits that were written with their commands, and those written empty. */
  executed = 0;
  /** See {@link Ring.executed}. */
  emptied = 0;
  readonly #machine: Machine;
  readonly #engine: GpuEngine;
  readonly #waiting: RingJob[] = [];
  #onRing = 0;
  #scheduled = false;

  /** An empty ring. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#engine = new GpuEngine(machine, "ring");
  }

  /** @internal a submit's dependencies have signalled */
  ready(job: RingJob): void {
    this.#waiting.push(job);
    this.#schedule();
  }

  /** The scheduler's worker runs while there is room (`drm_sched_run_job_work`). */
  #schedule(): void {
    if (this.#scheduled || this.#onRing === RING_DEPTH || this.#waiting.length === 0) return;
    this.#scheduled = true;
    this.#machine.queueWork("ring run_job", () => this.#run(), "signalling");
  }

  *#run(): Steps<void> {
    this.#scheduled = false;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#onRing++;
    const work = job.run();
    if (work) this.executed++;
    else this.emptied++;
    job.fence.onSignal(() => {
      this.#onRing--;
      this.#schedule();
    });
    this.#engine.submit({ fence: job.fence, after: [], work, uses: job.uses, retire: job.retire });
    this.#schedule();
  }
}
