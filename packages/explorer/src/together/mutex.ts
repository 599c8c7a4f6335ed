const FREE = 0;
const HELD = 1;
/** Held, and somebody waits. */
const WAITED_FOR = 2;

/** One word of shared memory by which threads exclude each other. */
export class Mutex {
  readonly #words: Int32Array;
  readonly #at: number;

  /** The word is 0 as long as nobody has begun. */
  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** Waits until nobody else holds it. */
  lock(): void {
    const words = this.#words;
    if (Atomics.compareExchange(words, this.#at, FREE, HELD) === FREE) return;
    while (Atomics.exchange(words, this.#at, WAITED_FOR) !== FREE) Atomics.wait(words, this.#at, WAITED_FOR);
  }

  /** By whoever holds it. */
  unlock(): void {
    if (Atomics.exchange(this.#words, this.#at, FREE) === WAITED_FOR)
      Atomics.notify(this.#words, this.#at, 1);
  }
}
