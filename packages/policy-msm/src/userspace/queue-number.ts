/** A number that no recorded queue has. */
const ZERO = 3_000_000;

/**
 * The number of a program's queue. msm's own queue 0 is there from the start and stays to the end of its file: a queue that has this
 * number elsewhere, such as nouveau's first channel, is another one here.
 */
export function queueNumber(queue: number): number {
  return queue === 0 ? ZERO : queue;
}
