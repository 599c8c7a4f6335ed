import { type MovedRange, placeByWindow } from "@gpuvm/drm-model";

/** Bytes of a window: 4 GiB. */
const WINDOW = 2 ** 32;

/** Windows of the 47 bits of addresses. */
const COUNT: number = 2 ** 15;

/** Windows of the kernel's part. */
const KERNEL_FROM: number = 2 ** 7;
const KERNEL_TO: number = 2 ** 8;

/** Which windows of a file's one VM are taken, by which of the program's VMs. */
export class WindowTable {
  readonly #owner = new Map<number, string>();

  /** Takes a window for an owner, if it is free or the owner's, and not the kernel's. */
  take(window: number, owner: string): boolean {
    if (window < 0 || window >= COUNT || (window >= KERNEL_FROM && window < KERNEL_TO)) return false;
    const has = this.#owner.get(window);
    if (has !== undefined) return has === owner;
    this.#owner.set(window, owner);
    return true;
  }

  /**
   * Takes any window, from the top.
   *
   * @throws RangeError if none is left
   */
  takeAny(owner: string): number {
    for (let window = COUNT - 2; window > 0; window -= 2) {
      if (!this.#owner.has(window) && this.take(window, owner)) return window;
    }
    throw new RangeError("the trace uses more than 64 TiB of addresses, each in 4 GiB of its own");
  }
}

/**
 * Where the addresses of one of the program's VMs go: stay if they can, since a file has only one VM and a part of that
 * is the kernel's; else 4 GiB at a time, each to the same place for ever.
 */
export class Windows {
  readonly #table: WindowTable;
  readonly #owner: string;
  readonly #moved = new Map<number, number>();
  /** Where its windows went: no two to one place, although the table gives an owner what it has. */
  readonly #used = new Set<number>();

  /** The addresses of a VM that is nothing yet. */
  constructor(table: WindowTable, owner: string) {
    this.#table = table;
    this.#owner = owner;
  }

  /** Where a range goes. It is cut only where windows that are next to each other went apart. */
  place(va: number, length: number): MovedRange[] {
    return placeByWindow(va, length, WINDOW, (window) => this.#window(window));
  }

  #window(window: number): number {
    let to = this.#moved.get(window);
    if (to !== undefined) return to;
    const after = (this.#moved.get(window - 1) ?? -2) + 1;
    if (this.#take(window)) to = window;
    else if (after > 0 && this.#take(after)) to = after;
    else to = this.#table.takeAny(this.#owner);
    this.#moved.set(window, to);
    this.#used.add(to);
    return to;
  }

  #take(window: number): boolean {
    return !this.#used.has(window) && this.#table.take(window, this.#owner);
  }
}
