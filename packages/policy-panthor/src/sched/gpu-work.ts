import type { Machine, Timer } from "@gpuvm/drm-model";
import type { PanthorQueue } from "./group.ts";

/** The GPU, as far as work is concerned. */
export class GpuWork {
  /** Queues with a job that the GPU works on, or that is next, in this order: one at a time. */
  readonly line: PanthorQueue[] = [];
  /** Jobs end only when somebody says so: see {@link complete}. Then all queues are worked on at once. */
  manual = false;
  /** The firmware answers no request. */
  hung = false;
  /** The next job that the GPU turns to never ends. */
  nextHangs = false;
  /** The firmware does not boot any more. */
  dead = false;
  // When the job at hand is done; the machine's list says it, too.
  #ends: Timer | null = null;

  /** `fn` is called when so much time has passed. */
  after(machine: Machine, ns: number, fn: () => void): void {
    this.#ends = machine.timers.add(machine.now + ns, fn);
  }

  /** It is not. */
  cancel(machine: Machine): void {
    if (this.#ends !== null) machine.timers.cancel(this.#ends);
    this.#ends = null;
  }
}
