import type { DmaFence } from "@gpuvm/core";

/**
 * Fences of jobs that have not signalled, by the number of the job. Most queues have a few at once, and the oldest goes first: a
 * `Map` would be laid out anew with every few jobs.
 */
export class JobFences {
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
  }

  /** Its fence has signalled. */
  remove(number: number): void {
    if (this.#numbers[0] === number) {
      this.#numbers.shift();
      this.#fences.shift();
      return;
    }
    const at = this.#numbers.indexOf(number);
    if (at < 0) return;
    this.#numbers.splice(at, 1);
    this.#fences.splice(at, 1);
  }
}
