import { type Machine, Timer } from "@gpuvm/drm-model";
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
  /** When the job at hand is done. */
  readonly #ends: Timer;

  /** `done` is called when the job at hand is done. */
  constructor(done: () => void) {
    this.#ends = new Timer(done);
  }

  /** The job at hand is done when so much time has passed. */
  endsIn(machine: Machine, ns: number): void {
    machine.timers.set(this.#ends, machine.now + ns);
  }

  /** It does not end by itself. */
  cancel(machine: Machine): void {
    machine.timers.cancel(this.#ends);
  }
}
