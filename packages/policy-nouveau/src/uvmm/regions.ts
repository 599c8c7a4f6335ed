import { EEXIST, type Errno } from "@gpuvm/core";

/** A sparse region (`struct nouveau_uvma_region`): what is not mapped in it reads as zero. */
export interface Region {
  readonly addr: number;
  readonly range: number;
  /** A queued job takes it away. */
  dirty: boolean;
  /** That job is done with it, or was not started (`complete`). */
  gone: boolean;
}

/** The sparse regions of a VM, ascending (`region_mt`, a maple tree). Protected by the VM's mutex. */
export class Regions {
  readonly #list: Region[] = [];

  /** How many there are. */
  get size(): number {
    return this.#list.length;
  }

  /** The regions, ascending. */
  all(): readonly Region[] {
    return this.#list;
  }

  /** Puts one in; -EEXIST if another overlaps. */
  insert(region: Region): Errno {
    if (this.findFirst(region.addr, region.range) !== null) return -EEXIST;
    this.#list.splice(this.#behind(region.addr), 0, region);
    return 0;
  }

  /** Takes one out. */
  remove(region: Region): void {
    const at = this.#list.indexOf(region);
    if (at >= 0) this.#list.splice(at, 1);
  }

  /** The lowest one that overlaps a range (`nouveau_uvma_region_find_first`), or null. */
  findFirst(addr: number, range: number): Region | null {
    if (this.#list.length === 0) return null;
    const region = this.#list[this.#behind(addr)];
    return region !== undefined && region.addr < addr + range ? region : null;
  }

  /** The one of exactly this range (`nouveau_uvma_region_find`), or null. */
  find(addr: number, range: number): Region | null {
    const region = this.findFirst(addr, range);
    return region !== null && region.addr === addr && region.range === range ? region : null;
  }

  /** Index of the first region that ends behind an address. */
  #behind(addr: number): number {
    let lo = 0;
    for (let hi = this.#list.length; lo < hi; ) {
      const mid = (lo + hi) >> 1;
      const region = this.#list[mid] as Region;
      if (region.addr + region.range > addr) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }
}
