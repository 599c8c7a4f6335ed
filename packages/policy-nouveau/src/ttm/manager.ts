import { List } from "@gpuvm/core";
import { PL_VRAM, type Place } from "./place.ts";
import { type Home, type Owner, Resource } from "./resource.ts";

/** Memory of the host's comes in pages of 4096 bytes. */
const PAGE_SHIFT = 12;

/** The memory of one place, and who is in it (`struct ttm_resource_manager`). */
export class Manager implements Home {
  readonly place: Place;
  /** Least recently used first. Who is pinned or swapped is kept in it, too, and passed over. */
  readonly lru: List<Resource> = new List();
  /** Bytes free; Infinity: as much as anybody wants. */
  free: number;
  /** Bytes that somebody has. */
  taken = 0;

  /** An empty place of so many bytes. */
  constructor(place: Place, bytes: number = Number.POSITIVE_INFINITY) {
    this.place = place;
    this.free = bytes;
  }

  /**
   * Memory for an object; null: -ENOSPC. VRAM comes in pieces of the object's page size (`NOUVEAU_GEM_TILE_NONCONTIG`, as
   * Mesa's drivers ask for it).
   */
  alloc(bo: Owner): Resource | null {
    if (bo.size > this.free) return null;
    this.free -= bo.size;
    this.taken += bo.size;
    const res = new Resource(bo, this, this.place, this.place === PL_VRAM ? bo.pageShift : PAGE_SHIFT);
    this.lru.push(res.onLru);
    return res;
  }

  /** It goes (`ttm_resource_fini`). */
  release(res: Resource): void {
    res.onLru.remove();
    this.free += res.size;
    this.taken -= res.size;
  }

  /** Last to be taken away (`ttm_resource_move_to_lru_tail`). */
  toTail(res: Resource): void {
    this.lru.moveToTail(res.onLru);
  }
}
