import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Shares of what V8 may take: from the first on garbage is collected before anybody is refused. */
const TIGHT = 0.7;
/** A collection that frees less is not tried again before so much more is taken. */
const STEP = 0.04;

/** Notices that memory runs out while there is still enough to say so: V8 itself ends the process without a word. */
export class Room {
  readonly #used: () => number;
  readonly #limit: number;
  readonly #collect: () => void;
  #next: number;

  /** `used` and `limit` in bytes; `collect` frees what nobody needs. */
  constructor(limit: number, used: () => number, collect: () => void) {
    this.#limit = limit;
    this.#used = used;
    this.#collect = collect;
    this.#next = limit * TIGHT;
  }

  /** @throws RangeError if hardly anything is left, and says what raises the limit */
  check(): void {
    if (this.#used() < this.#next) return;
    this.#collect();
    const used = this.#used();
    if (used > this.#limit * (TIGHT + STEP)) {
      const mib = Math.round(this.#limit / 2 ** 20);
      throw new RangeError(
        `it takes more than the ${mib} MiB that Node may use; NODE_OPTIONS=--max-old-space-size=${2 * mib} raises the limit`,
      );
    }
    this.#next = Math.max(this.#limit * TIGHT, used + this.#limit * STEP);
  }
}

/** V8 counts what has just been made, which no flag here is about, among its limit. */
const YOUNG_BYTES = 192 * 2 ** 20;

const { heap_size_limit: LIMIT } = getHeapStatistics();

/** The room of this process. */
export const room: Room = new Room(
  Math.max(LIMIT / 2, LIMIT - YOUNG_BYTES),
  () => getHeapStatistics().used_heap_size,
  () => {
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
  },
);
