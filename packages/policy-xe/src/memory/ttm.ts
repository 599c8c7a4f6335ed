import { type DrmGemObject, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type Bo, KIB4 } from "@gpuvm/drm-model";
import { Budget } from "./budget.ts";
import { type BulkMove, Lru, type LruNode, type Place } from "./lru.ts";
import type { PlaceContext } from "./place-context.ts";
import { Vram } from "./vram.ts";

/** Whether a BO's contents are still wanted (`enum xe_madv_purgeable_state`). Purged is final. */
export type Purgeable = "willneed" | "dontneed" | "purged";

/** An object as far as TTM knows it (`struct ttm_buffer_object`, `struct ttm_tt`). */
export interface TtmBo extends Bo {
  /** Where it is (`resource->mem_type`); null: its memory was purged in VRAM, and it has none. */
  place: Place | null;
  /** Its pages, if it has any: none yet, there, or in swap, or given up. */
  tt: "none" | "populated" | "swapped";
  /** What the shrinker knows of {@link TtmBo.madv}: the contents of the pages may go (`xe_tt->purgeable`). */
  ttPurgeable: boolean;
  /** It moves with its VM's other objects in the lists of what is evicted first. */
  bulk: boolean;
  /** Where it lies in those lists. */
  readonly onLru: LruNode<TtmBo>;
  /** Contents wanted? Protected by its dma_resv. */
  madv: Purgeable;
  /** The VM that it is private to, with the objects that move with it. */
  readonly vm: { readonly bulk: Readonly<Record<Place, BulkMove<TtmBo>>> } | null;
}

/** A VM as far as the order of what is evicted goes. */
interface BumpedVm {
  readonly bulk: Readonly<Record<Place, BulkMove<TtmBo>>>;
  readonly gpuvm: { readonly rObj: DrmGemObject };
}

/** The places of a device's memory with the objects in each, and moves between them (TTM's side of `xe_bo.c`). */
export class XeTtm {
  /** By place, what is evicted first in front. */
  readonly lrus: Readonly<Record<Place, Lru<TtmBo>>> = { system: new Lru(), tt: new Lru(), vram: new Lru() };
  /** The device's own memory; null: it has none. */
  readonly vram: Vram | null;
  /** Pages that the GPU reaches (`struct ttm_resource_manager` of `XE_PL_TT`): all of the host's, unless the machine says otherwise. */
  readonly gart: Budget;
  /** Pages of the host's that objects have (`ttm_pages_allocated`), and may have (`ttm_pages_limit`). */
  readonly host: Budget;
  /** Lets swap have one object's pages; false: nobody has any to give (of the driver that is started). */
  swapout: ((ctx: PlaceContext) => Steps<boolean>) | null = null;
  /** Who is getting pages now: he has none to give. */
  populating: TtmBo | null = null;
  /** Makes room for bytes of the kernel's own, without waiting for anybody (`bdev->funcs`, of the driver that is started). */
  makeRoom: ((bytes: number) => boolean) | null = null;

  /** All empty. `vram`: bytes of the device's own memory; `gart`, `host`: see {@link XeTtm.gart}, {@link XeTtm.host}. */
  constructor(
    vram: number,
    gart: number = Number.POSITIVE_INFINITY,
    host: number = Number.POSITIVE_INFINITY,
  ) {
    this.vram = vram === 0 ? null : new Vram(vram);
    this.gart = new Budget(gart);
    this.host = new Budget(host);
  }

  /** Of how much a place has; null: of as much as anybody wants. */
  budget(place: Place): Budget | null {
    if (place === "system") return null;
    return place === "tt" ? this.gart : this.vram;
  }

  /** What is taken although no object is left: beside the kernel's own table. */
  left(): { place: string; bytes: number }[] {
    const rows = [
      { place: "VRAM", bytes: this.vram === null ? 0 : this.vram.used - KIB4 },
      { place: "what the GPU reaches", bytes: this.gart.used },
      { place: "the host's memory", bytes: this.host.used },
    ];
    return rows.filter(({ bytes }) => bytes !== 0);
  }

  /** Gives an object a resource in a place, in exchange for the one that it has. The room was taken before. */
  assign(bo: TtmBo, place: Place | null): void {
    this.leave(bo);
    bo.place = place;
    if (place !== null) this.lrus[place].add(bo.onLru, bulkOf(bo, place));
    if (place === "vram") {
      // Pages, where there were any, went with the old place.
      bo.tt = "none";
      bo.ttPurgeable = false;
    }
    bo.pages = pagesOf(bo);
  }

  /** The object's resource is given back. */
  leave(bo: TtmBo): void {
    if (bo.place !== null) this.budget(bo.place)?.release(bo.size);
    if (bo.place !== null) this.lrus[bo.place].remove(bo.onLru, bulkOf(bo, bo.place));
    bo.place = null;
  }

  /** It moves by itself from now on (`ttm_bo_set_bulk_move`). */
  leaveBulk(bo: TtmBo): void {
    if (!bo.bulk || bo.place === null || bo.vm === null) return;
    this.lrus[bo.place].leave(bo.onLru, bo.vm.bulk[bo.place]);
    bo.bulk = false;
  }

  /** A VM's work uses its private objects, and the external ones: those that are locked beside its own (`xe_vm_bump_lru`). */
  bump({ bulk, gpuvm }: BumpedVm, locked: readonly DrmGemObject[]): void {
    const { system, tt, vram } = this.lrus;
    system.bump(bulk.system.node);
    tt.bump(bulk.tt.node);
    vram.bump(bulk.vram.node);
    for (const obj of locked) {
      if (obj === gpuvm.rObj) continue;
      const { place, onLru } = obj as TtmBo;
      if (place !== null) this.lrus[place].bump(onLru);
    }
  }

  /**
   * Makes pages for an object that has none, or brings them back (`ttm_tt_populate`, `xe_ttm_tt_populate`). If there are too
   * many then, others' go to swap, as long as somebody has some to give. What may be purged comes back empty, and as
   * wanted to the shrinker, whatever the object's own state is.
   */
  *populate(bo: TtmBo, ctx: PlaceContext): Steps<Errno> {
    const before = bo.tt;
    if (before === "populated") return 0;
    bo.tt = "populated";
    this.populating = bo;
    while (this.host.used > this.host.size) if (this.swapout === null || !(yield* this.swapout(ctx))) break;
    this.populating = null;
    if (!bo.dev.mayAlloc("xe pages")) {
      bo.tt = before;
      return -ENOMEM;
    }
    bo.ttPurgeable = false;
    return 0;
  }

  /** Room for a page table, which lies in VRAM where there is some, and stays. */
  chargeTable(bytes: number): boolean {
    if (this.vram === null) return true;
    const got = this.vram.charge(bytes) || this.makeRoom?.(bytes) === true;
    if (got) this.vram.tables += bytes;
    return got;
  }

  /** See {@link XeTtm.chargeTable}. */
  releaseTable(bytes: number): void {
    if (this.vram === null) return;
    this.vram.release(bytes);
    this.vram.tables -= bytes;
  }
}

/** What the model's other parts call it. */
export function pagesOf({ place, tt, madv }: TtmBo): TtmBo["pages"] {
  if (madv === "purged") return "purged";
  if (place === "vram" || (place === "tt" && tt === "populated")) return "resident";
  return tt === "none" ? "none" : "evicted";
}

function bulkOf(bo: TtmBo, place: Place): BulkMove<TtmBo> | null {
  return bo.bulk && bo.vm !== null ? bo.vm.bulk[place] : null;
}
