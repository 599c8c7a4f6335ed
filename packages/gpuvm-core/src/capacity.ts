/**
 * The capacity that a full array of `n` rows grows to: four times as many while it is small, then twice as many, then
 * the next multiple of a power of two divided by `parts`. With eight parts a large array has 6 % to spare on average,
 * and has copied each row some eight times, where it is one that is copied.
 */
export function grown(n: number, parts: number): number {
  if (n < 1024) return n * 4;
  if (n < 4096) return n * 2;
  const part = 2 ** Math.floor(Math.log2(n)) / parts;
  // A small integer: a field that once had a double is compared as a double from then on.
  return ((Math.floor(n / part) + 1) * part) | 0;
}
