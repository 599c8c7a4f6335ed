/* Numbers that say by themselves what they are. */

/**
 * Mappings are known by numbers, which calls keep in their locals. While schedules are explored the numbers begin where nothing else
 * has one: above counts, flags and handles, and with no power of two and no multiple of a page among them.
 */
const FIRST_VA = 1101;

/** So many numbers from the first one on are those of mappings. */
const ROWS = 899;

/** Where the numbers of each VM begin: so a number says of which VM it is, as long as no VM comes to a hundred. */
export const FIRST_VAS: readonly number[] = Array.from({ length: 8 }, (_, vm) => FIRST_VA + vm * 100);

/** The time at which a run begins: nothing else is as large, and no sum of it and a timeout is rounded. In nanoseconds, 26 days. */
export const FIRST_TIME: number = 2 ** 51;

/** How far the times of a run are from its first one. */
const TIMES = 2 ** 47;

/** Whether a number is that of a mapping. */
export function isRow(value: number): boolean {
  return value >= FIRST_VA && value < FIRST_VA + ROWS && Number.isInteger(value);
}

/** Whether a number is a time. */
export function isTime(value: number): boolean {
  return value > FIRST_TIME - TIMES && value < FIRST_TIME + TIMES;
}
