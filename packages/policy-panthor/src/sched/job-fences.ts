import type { DmaFence, DmaFenceCb } from "@gpuvm/core";
import { takeFirst } from "@gpuvm/drm-model";

/**
 * Fences of jobs that have not signalled, by the number of the job. Most queues have a few at once, and the oldest goes first: a
 * `Map` would be laid out anew with every few jobs.
 */
export class JobFences implements DmaFenceCb {
  readonly #numbers: number[] = [];
  readonly #fences: DmaFence[] = [];

  /** The fence of a job; undefined: it has signalled. */
  get(number: number): DmaFence | undefined {
    return this.#fences[this.#numbers.indexOf(number)];
  }

  /** A job that is the last one now. */
  add(number: number, fence: DmaFence): void {
    this.#numbers.push(number);
    this.#fences.push(fence);
    fence.onSignal(this);
  }

  /** One is not to be waited for any more. */
  fenceSignaled(fence: DmaFence): void {
    if (this.#fences[0] === fence) {
      takeFirst(this.#numbers);
      takeFirst(this.#fences);
      return;
    }
    const at = this.#fences.indexOf(fence);
    if (at < 0) return;
    this.#numbers.splice(at, 1);
    this.#fences.splice(at, 1);
  }
}
