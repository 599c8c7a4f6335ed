interface Free {
  addr: number;
  size: number;
}

/** Free addresses of a VMM where nvkm chooses (`vmm->free`): of the holes that do, the smallest; of these, the lowest. */
export class Space {
  /** Holes, ascending by address; no two touch. */
  readonly holes: Free[];

  /** All of a range is free. */
  constructor(addr: number, size: number) {
    this.holes = size > 0 ? [{ addr, size }] : [];
  }

  /**
   * Takes a range (`nvkm_vmm_get_locked`).
   *
   * @param align a power of two
   * @returns its address; null: -ENOSPC
   */
  get(size: number, align: number): number | null {
    let best = -1;
    for (let i = 0; i < this.holes.length; i++) {
      const hole = this.holes[i] as Free;
      const addr = Math.ceil(hole.addr / align) * align;
      if (addr + size > hole.addr + hole.size) continue;
      if (best < 0 || hole.size < (this.holes[best] as Free).size) best = i;
    }
    if (best < 0) return null;
    const hole = this.holes[best] as Free;
    const addr = Math.ceil(hole.addr / align) * align;
    const end = hole.addr + hole.size;
    const left: Free[] = [];
    if (addr > hole.addr) left.push({ addr: hole.addr, size: addr - hole.addr });
    if (addr + size < end) left.push({ addr: addr + size, size: end - addr - size });
    this.holes.splice(best, 1, ...left);
    return addr;
  }

  /** Gives a range back; it grows together with free ones beside it (`nvkm_vmm_put_region`). */
  put(addr: number, size: number): void {
    const { holes } = this;
    let at = holes.findIndex((hole) => hole.addr > addr);
    if (at < 0) at = holes.length;
    const free: Free = { addr, size };
    const next = holes[at];
    if (next !== undefined && next.addr === addr + size) {
      free.size += next.size;
      holes.splice(at, 1);
    }
    const prev = holes[at - 1];
    if (prev !== undefined && prev.addr + prev.size === addr) prev.size += free.size;
    else holes.splice(at, 0, free);
  }
}
