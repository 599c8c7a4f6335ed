import { type DmaFence, ListNode } from "@gpuvm/core";
import { PL_SYSTEM, type Place } from "./place.ts";

/** A temporary mapping of a copy, in the driver's own VMM. */
export interface CopyVma {
  readonly addr: number;
  readonly size: number;
  readonly shift: number;
}

/** Whose memory it is (`struct ttm_buffer_object`). */
export interface Owner {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly pins: number;
  /** Its page size, as a shift. */
  readonly pageShift: number;
  /** Its memory; null: none yet. */
  readonly resource: Resource | null;
  /** Pages of the host's that it has; null: none. */
  readonly tt: Tt | null;
}

/** The place that memory is of. */
export interface Home {
  /** Last to be taken away (`ttm_resource_move_to_lru_tail`). */
  toTail(res: Resource): void;
  /** Memory goes (`ttm_resource_fini`). */
  release(res: Resource): void;
}

/** Memory of an object in one place (`struct ttm_resource`, `struct nouveau_mem`). */
export class Resource {
  readonly bo: Owner;
  readonly home: Home;
  readonly place: Place;
  /** Page size of this memory, as a shift (`mem.page`): of VRAM the object's, of the host's the CPU's. */
  readonly page: number;
  /** Where it lies in the order in which memory of the place is taken away (`lru`). */
  readonly onLru: ListNode<Resource> = new ListNode(this as Resource);
  /** Mappings of the copy that leaves it, which go with it (`vma`). */
  readonly vma: [CopyVma | null, CopyVma | null] = [null, null];
  /** The copy that leaves it; null: there was none. */
  copied: DmaFence | null = null;

  /** Memory in a place. */
  constructor(bo: Owner, home: Home, place: Place, page: number) {
    this.bo = bo;
    this.home = home;
    this.place = place;
    this.page = page;
  }

  /** Bytes. */
  get size(): number {
    return this.bo.size;
  }
}

/** Pages of the host's that an object has (`struct ttm_tt`). */
export type Tt = "unpopulated" | "populated" | "swapped";

/** Pinned, or in swap: nobody takes it (`ttm_resource_unevictable`). */
export function unevictable(res: Resource): boolean {
  const { bo } = res;
  return bo.pins > 0 || (bo.resource === res && bo.tt === "swapped");
}

/** Whether the GPU's page tables can lead to it with an object's page size (`nouveau_bo_move_ntfy`). */
export function mappable(res: Resource): boolean {
  return res.place !== PL_SYSTEM && res.page === res.bo.pageShift;
}
