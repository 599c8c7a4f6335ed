import type { DmaFence } from "@gpuvm/core";

/** A job, as far as its place in line matters. */
interface Queued<J> {
  readonly job: J;
  readonly after: readonly DmaFence[];
}

/**
 * Jobs that were pushed and not yet run (`struct drm_sched_entity`): one after the other, each when what it waits for has
 * signalled. What waits for an earlier one of the same entity comes behind it anyway.
 */
export class XeEntity<J> {
  /** Timeline of its jobs. */
  readonly context: number;
  readonly #waiting: Queued<J>[] = [];
  /** The first one waits for a fence. */
  #blocked = false;

  /** Nothing queued. */
  constructor(context: number) {
    this.context = context;
  }

  /** Queues a job (`drm_sched_entity_push_job`); `run`: gives it to the hardware. */
  push(job: J, after: readonly DmaFence[], run: (job: J) => void): void {
    // Mostly there is nothing to wait for.
    if (this.#waiting.length === 0 && this.#blockerIn(after) === undefined) {
      run(job);
      return;
    }
    this.#waiting.push({ job, after });
    if (!this.#blocked) this.#popJobs(run);
  }

  #blockerIn(after: readonly DmaFence[]): DmaFence | undefined {
    for (const fence of after) if (!fence.signaled && fence.context !== this.context) return fence;
    return undefined;
  }

  /** `drm_sched_entity_pop_job`, as long as there is one that can go. */
  #popJobs(run: (job: J) => void): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const blocker = this.#blockerIn(first.after);
      if (blocker !== undefined) {
        this.#blocked = true;
        blocker.onSignal(() => {
          this.#blocked = false;
          this.#popJobs(run);
        });
        return;
      }
      this.#waiting.shift();
      run(first.job);
    }
  }
}
