import { Lock } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import type { MsmLog } from "../drv/log.ts";
import { Hangcheck } from "./hangcheck.ts";
import { MsmRing } from "./ring.ts";

/** Which work the GPU's own worker has (`gpu->worker`): it does one after the other. */
export type GpuWork = "retire" | "recover";

/** The GPU (`struct msm_gpu`). */
export class MsmGpu {
  /** Its rings, the most urgent first (`rb`). */
  readonly rings: readonly MsmRing[];
  /** Held while something is written to a ring, and while the GPU is recovered (`lock`). */
  readonly lock: Lock;
  /** Looks whether it goes on. */
  readonly hangcheck: Hangcheck;
  /** Hangs whose submitter was gone (`global_faults`). */
  globalFaults = 0;
  /** The state of a crash is kept for somebody to read it (`crashstate`); only one is. */
  crashstate = false;
  readonly #queued: Record<GpuWork, boolean> = { retire: false, recover: false };
  readonly #queue: (work: GpuWork) => void;

  /** An idle GPU (`msm_gpu_init`). `queue` has its worker do something. */
  constructor(machine: Machine, rings: number, log: MsmLog | null, queue: (work: GpuWork) => void) {
    this.#queue = queue;
    this.rings = Array.from(
      { length: rings },
      (_, id) => new MsmRing(machine, id, log, () => this.queue("retire")),
    );
    this.lock = new Lock("lock of the GPU", "msm_gpu", machine.dev.lockdep);
    this.hangcheck = new Hangcheck(machine, this);
  }

  /** The ring that it works on (`active_ring`). */
  get activeRing(): MsmRing {
    return this.rings.find(({ engine }) => engine.busy) ?? (this.rings[0] as MsmRing);
  }

  /** Has the worker do something, unless it is about to (`kthread_queue_work`). */
  queue(work: GpuWork): void {
    if (this.#queued[work]) return;
    this.#queued[work] = true;
    this.#queue(work);
  }

  /** The worker begins with it, and may be asked for it again. */
  begins(work: GpuWork): void {
    this.#queued[work] = false;
  }
}
