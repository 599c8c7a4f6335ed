/** Windows that are compared. */
const WINDOWS = 8;
/** Less than this is no leak that anybody would see. */
const BYTES_MIN = 1024 * 1024;

/**
 * Tells whether an amount only grows, from the lowest value in each of a few equal windows. A program that loads and then
 * stays, or that goes up and down, has equal or falling lows; a leak has not. Constant memory: when the windows are full,
 * neighbours are joined.
 */
export class Growth {
  readonly #lows: number[] = [];
  #samples = 0;
  #perWindow = 1;
  #low = Number.POSITIVE_INFINITY;

  /** The next value. */
  add(value: number): void {
    if (value < this.#low) this.#low = value;
    if (++this.#samples < this.#perWindow) return;
    this.#lows.push(this.#low);
    this.#samples = 0;
    this.#low = Number.POSITIVE_INFINITY;
    if (this.#lows.length < WINDOWS * 2) return;
    for (let i = 0; i < WINDOWS; i++) {
      this.#lows[i] = Math.min(this.#lows[i * 2] as number, this.#lows[i * 2 + 1] as number);
    }
    this.#lows.length = WINDOWS;
    this.#perWindow *= 2;
  }

  /** From which low to which it grew, without ever coming back; undefined when it did come back. */
  verdict(): { readonly from: number; readonly to: number } | undefined {
    // The first windows are loading.
    const lows = this.#lows.slice(2);
    if (lows.length < WINDOWS - 2) return undefined;
    for (let i = 1; i < lows.length; i++)
      if ((lows[i] as number) <= (lows[i - 1] as number)) return undefined;
    const from = lows[0] as number;
    const to = lows.at(-1) as number;
    return to - from >= BYTES_MIN && to >= from * 1.25 ? { from, to } : undefined;
  }
}
