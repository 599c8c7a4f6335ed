/** A piece of an address range, and where it lies after relocation. */
export interface MovedRange {
  /** Bytes from the start of the range that was asked for. */
  readonly skip: number;
  /** First address. */
  readonly va: number;
  /** Bytes. */
  readonly length: number;
}

/**
 * Where `[va, va + length)` lies if each window of `size` bytes goes where `to` says: in pieces only where windows that
 * are next to each other went apart.
 *
 * @param to the number of the window that a window goes to
 */
export function placeByWindow(
  va: number,
  length: number,
  size: number,
  to: (window: number) => number,
): MovedRange[] {
  const out: { skip: number; va: number; length: number }[] = [];
  for (let skip = 0; skip < length; ) {
    const at = va + skip;
    const window = Math.floor(at / size);
    const inside = at - window * size;
    const part = Math.min(length - skip, size - inside);
    const moved = to(window) * size + inside;
    const last = out.at(-1);
    if (last !== undefined && last.va + last.length === moved) last.length += part;
    else out.push({ skip, va: moved, length: part });
    skip += part;
  }
  return out;
}

/**
 * Places for addresses of another driver's programs in an address space of `limit` bytes. The space is taken in windows:
 * a window that lies below the limit stays where it is if it can, any other goes to the highest free one. The same
 * address always goes to the same place, so what overlapped or touched within a window still does.
 */
export class Windows {
  readonly #size: number;
  readonly #count: number;
  readonly #to: Map<number, number> = new Map();
  readonly #taken: Set<number> = new Set();

  /** Windows of `size` bytes, a power of two, below `limit`. */
  constructor(limit: number, size: number = 2 ** 32) {
    this.#size = size;
    this.#count = Math.floor(limit / size);
  }

  /**
   * Where `[va, va + length)` lies, in pieces if it spans windows that are not neighbours any more.
   *
   * @throws RangeError if every window is taken
   */
  place(va: number, length: number): MovedRange[] {
    return placeByWindow(va, length, this.#size, (window) => this.#window(window));
  }

  #window(from: number): number {
    let to = this.#to.get(from);
    if (to !== undefined) return to;
    to = from;
    if (from >= this.#count || this.#taken.has(from)) {
      for (to = this.#count - 1; this.#taken.has(to); ) to--;
      if (to < 0) throw new RangeError("no window of the address space is free");
    }
    this.#to.set(from, to);
    this.#taken.add(to);
    return to;
  }
}
