import { type DmaFence, GpuvmError, type Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import { Work } from "../machine/work.ts";

/** A bind job. */
export interface BindJob {
  /** Shown in findings. */
  readonly label: string;
  /** What it waits for. */
  readonly after: readonly DmaFence[];
  /** Signals when it ran (`s_fence->finished`). */
  readonly finished: DmaFence;
  /** Does the work, in the fence-signalling path; 0 or -errno. */
  readonly run: () => Steps<number>;
  /** Gives back what it held, in process context; also for a job that was never run. */
  readonly free: () => Steps<void>;
}

/**
 * A scheduler with one entity and one credit (`drm_gpu_scheduler`): bind jobs run in order, one at a time, when their
 * dependencies have signalled.
 */
export class BindQueue {
  readonly #machine: Machine;
  readonly #name: string;
  readonly #runItem: Work;
  readonly #freeLabel: string;
  readonly #jobs: BindJob[] = [];
  #running: BindJob | null = null;
  #stopped = false;

  /** An empty queue. */
  constructor(machine: Machine, name: string) {
    this.#machine = machine;
    this.#name = name;
    this.#runItem = new Work(`${name} run_job`, () => this.#run(), "signalling");
    this.#freeLabel = `${name} free_job`;
  }

  /** No job is queued or running. */
  get idle(): boolean {
    return this.#running === null && this.#jobs.length === 0;
  }

  /** Jobs queued or running. */
  get length(): number {
    return this.#jobs.length + (this.#running === null ? 0 : 1);
  }

  /** Queues a job (`drm_sched_entity_push_job`). */
  push(job: BindJob): void {
    if (this.#stopped)
      throw new GpuvmError("BAD_CALL", `${job.label} is pushed to ${this.#name}, which is stopped`);
    this.#jobs.push(job);
    this.#kick();
  }

  /** Waits until every job has run (`drm_sched_entity_flush`). */
  *flush(label: string): Steps<void> {
    const { dev } = this.#machine;
    if (dev.waitsUntil(() => this.idle, label)) yield dev.point;
  }

  /** Drops what has not begun, unrun: their fences signal with an error, and they are freed (`drm_sched_fini`). */
  stop(error: number): void {
    this.#stopped = true;
    for (const job of this.#jobs.splice(0)) {
      job.finished.signal(error);
      this.#machine.queueWork(this.#freeLabel, job.free);
    }
  }

  #kick(): void {
    const job = this.#jobs[0];
    if (this.#running !== null || job === undefined) return;
    const blocker = job.after.find((fence) => !fence.signaled);
    if (blocker !== undefined) {
      blocker.onSignal(() => this.#kick());
      return;
    }
    this.#jobs.shift();
    this.#running = job;
    this.#machine.queue(this.#runItem);
  }

  *#run(): Steps<void> {
    const job = this.#running as BindJob;
    const error = yield* job.run();
    this.#running = null;
    job.finished.signal(error);
    this.#machine.queueWork(this.#freeLabel, job.free);
    this.#kick();
  }
}
