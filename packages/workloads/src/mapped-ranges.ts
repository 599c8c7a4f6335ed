/** Ranges by start address, kept apart: mapping over what is there cuts it. For statistics, not for the model. */
export class MappedRanges {
  #starts: number[] = [];
  readonly #length = new Map<number, number>();

  /** How many ranges there are. */
  get size(): number {
    return this.#starts.length;
  }

  /** Maps a range; tells whether it met something that was there. */
  map(va: number, length: number): boolean {
    const met = this.unmap(va, length);
    this.#starts.splice(this.#at(va), 0, va);
    this.#length.set(va, length);
    return met;
  }

  /** Takes a range out, cutting what reaches beyond it; tells whether there was anything. */
  unmap(va: number, length: number): boolean {
    const end = va + length;
    let at = this.#at(va);
    let met = false;
    const before = this.#starts[at - 1];
    if (before !== undefined) {
      const beforeEnd = before + (this.#length.get(before) as number);
      if (beforeEnd > va) {
        met = true;
        this.#length.set(before, va - before);
        if (beforeEnd > end) this.#insert(at, end, beforeEnd - end);
      }
    }
    let last = at;
    for (; last < this.#starts.length && (this.#starts[last] as number) < end; last++) {
      const start = this.#starts[last] as number;
      const startEnd = start + (this.#length.get(start) as number);
      this.#length.delete(start);
      met = true;
      if (startEnd > end) {
        this.#starts.splice(at, last + 1 - at, end);
        this.#length.set(end, startEnd - end);
        return true;
      }
    }
    this.#starts.splice(at, last - at);
    at = last;
    return met;
  }

  #insert(at: number, va: number, length: number): void {
    this.#starts.splice(at, 0, va);
    this.#length.set(va, length);
  }

  /** Where `va` is or would be. */
  #at(va: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.#starts[mid] as number) < va) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}
