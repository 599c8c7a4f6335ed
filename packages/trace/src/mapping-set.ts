/** A range of addresses that is mapped, and to what. */
export interface Mapped {
  readonly va: number;
  /** One past the last address. */
  readonly end: number;
  /** 0 for none. */
  readonly bo: number;
  readonly boOffset: number;
  /** Number of the mapping; pieces that a split leaves get new ones. */
  readonly id: number;
  /** Line of the bind. */
  readonly line: number;
}

/** What an operation took away and what it left of it. */
export interface Cut {
  readonly removed: readonly Mapped[];
  readonly left: readonly Mapped[];
}

const NONE: Cut = { removed: [], left: [] };

/**
 * The mappings of one VM as a bind list leaves them. It is the plain bookkeeping that a linter or a timeline needs; the
 * model of the kernel's own is in `@gpuvm/core`.
 *
 * Invariant: sorted by address, no two overlap.
 */
export class MappingSet {
  #items: Mapped[] = [];
  #ids = 0;

  get size(): number {
    return this.#items.length;
  }

  [Symbol.iterator](): IterableIterator<Mapped> {
    return this.#items[Symbol.iterator]();
  }

  /** Position of the first mapping that ends after `va`. */
  #firstAfter(va: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle] as Mapped).end <= va) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The mapping at an address. */
  at(va: number): Mapped | undefined {
    const m = this.#items[this.#firstAfter(va)];
    return m !== undefined && m.va <= va ? m : undefined;
  }

  /** Takes a range away. */
  unmap(va: number, length: number): Cut {
    const end = va + length;
    const first = this.#firstAfter(va);
    let last = first;
    while (last < this.#items.length && (this.#items[last] as Mapped).va < end) last++;
    if (last === first) return NONE;
    const removed = this.#items.slice(first, last);
    const left: Mapped[] = [];
    const head = removed[0] as Mapped;
    const tail = removed[removed.length - 1] as Mapped;
    if (head.va < va) left.push({ ...head, end: va, id: ++this.#ids });
    if (tail.end > end)
      left.push({ ...tail, va: end, boOffset: tail.boOffset + (end - tail.va), id: ++this.#ids });
    this.#items.splice(first, last - first, ...left);
    return { removed, left };
  }

  /** Maps a range over whatever is there. */
  map(
    va: number,
    length: number,
    bo: number,
    boOffset: number,
    line: number,
  ): Cut & { readonly mapped: Mapped } {
    const cut = this.unmap(va, length);
    const mapped: Mapped = { va, end: va + length, bo, boOffset, id: ++this.#ids, line };
    this.#items.splice(this.#firstAfter(va), 0, mapped);
    return { ...cut, mapped };
  }

  /** Takes every mapping of a buffer away. */
  unmapBo(bo: number): Cut {
    const removed = this.#items.filter((m) => m.bo === bo);
    if (removed.length > 0) this.#items = this.#items.filter((m) => m.bo !== bo);
    return { removed, left: [] };
  }
}
