import { type MovedRange, placeByWindow } from "@gpuvm/drm-model";
import { HEAPS, heapContaining, type PvrHeap } from "../vm/heaps.ts";

/** Bytes of a window. */
const WINDOW = 2 ** 30;

/**
 * Moves addresses that lie in no heap into the general one, a window of 1 GiB at a time, each to the same place for
 * ever. What lies in a heap stays.
 */
export class Windows {
  readonly #moved = new Map<number, number>();
  readonly #taken = new Set<number>();
  /** Those of the taken that went to others. */
  readonly #given = new Set<number>();
  readonly #general = HEAPS[0] as PvrHeap;

  /**
   * Where a range goes. It is cut only where windows that are next to each other went apart.
   *
   * @throws RangeError if the general heap has no window left
   */
  place(va: number, length: number): MovedRange[] {
    if (heapContaining(va, length) !== null && this.#stays(va, length)) {
      return [{ skip: 0, va, length }];
    }
    return placeByWindow(va, length, WINDOW, (window) => this.#window(window));
  }

  /** Whether nothing was moved to where a range is; from here on nothing will be. */
  #stays(va: number, length: number): boolean {
    const last = Math.ceil((va + length) / WINDOW);
    for (let w = Math.floor(va / WINDOW); w < last; w++) if (this.#given.has(w)) return false;
    for (let w = Math.floor(va / WINDOW); w < last; w++) this.#taken.add(w);
    return true;
  }

  #window(window: number): number {
    const known = this.#moved.get(window);
    if (known !== undefined) return known;
    const first = this.#general.base / WINDOW;
    const count = this.#general.size / WINDOW;
    // Next to its neighbour below if that is free; else any, from the top: programs begin at the bottom.
    const wanted = (this.#moved.get(window - 1) ?? -2) + 1;
    let to = wanted >= first && wanted < first + count && !this.#taken.has(wanted) ? wanted : -1;
    for (let i = count - 2; to < 0 && i >= 0; i -= 2) if (!this.#taken.has(first + i)) to = first + i;
    for (let i = count - 1; to < 0 && i >= 0; i--) if (!this.#taken.has(first + i)) to = first + i;
    if (to < 0)
      throw new RangeError(`the trace uses more than ${count} GiB of addresses, each in a GiB of its own`);
    this.#taken.add(to);
    this.#given.add(to);
    this.#moved.set(window, to);
    return to;
  }
}
