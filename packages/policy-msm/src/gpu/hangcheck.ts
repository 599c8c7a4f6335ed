import type { Machine, Timer } from "@gpuvm/drm-model";
import type { MsmRing } from "./ring.ts";

/** Modelled nanoseconds between two looks (`DRM_MSM_HANGCHECK_DEFAULT_PERIOD`), rounded up to whole seconds. */
const PERIOD_NS = 500_000_000;
const SECOND_NS = 1_000_000_000;

/** What is looked at, and who is told. */
interface Watched {
  readonly rings: readonly MsmRing[];
  readonly activeRing: MsmRing;
  queue(work: "retire" | "recover"): void;
}

/**
 * The timer that finds a GPU that makes no progress (`hangcheck_timer`), from the second look on at which its fence is the
 * same. It runs on machines with timeouts, and once the GPU hangs: elsewhere work is taken to end in time. (GPUs that can be
 * asked for progress, from a6xx on, are looked at twice as often, and given up only after three looks more.)
 */
export class Hangcheck {
  /** The GPU hangs: somebody has seen to it. */
  hung = false;
  readonly #machine: Machine;
  readonly #gpu: Watched;
  #timer: Timer | null = null;

  /** It does not run. */
  constructor(machine: Machine, gpu: Watched) {
    this.#machine = machine;
    this.#gpu = gpu;
  }

  /** The next look is so far away again (`hangcheck_timer_reset`). */
  reset(): void {
    const machine = this.#machine;
    if (machine.options.timeouts !== true && !this.hung) return;
    this.stop();
    const due = Math.ceil((machine.now + PERIOD_NS) / SECOND_NS) * SECOND_NS;
    this.#timer = machine.timers.add(due, () => this.#look());
  }

  /** The GPU told of an error itself: no look is needed (`timer_delete`). */
  stop(): void {
    if (this.#timer !== null) this.#machine.timers.cancel(this.#timer);
    this.#timer = null;
  }

  /** `hangcheck_handler`. */
  #look(): void {
    this.#timer = null;
    const gpu = this.#gpu;
    const ring = gpu.activeRing;
    const { done, seqno } = ring;
    const hangs = done === ring.hangcheckFence && done < seqno;
    ring.hangcheckFence = done;
    // The kernel's timer runs on. Until the GPU is recovered it would find nothing new: the recovery sets it again.
    if (hangs) gpu.queue("recover");
    else if (seqno > done) this.reset();
    gpu.queue("retire");
  }
}
