import { type DmaFence, type DrmGemObject, type Errno, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { Bo, releaseBo } from "@gpuvm/drm-model";
import type { NvDevice } from "../device.ts";
import { domainOf, PL_SYSTEM, type Placement, placementOf } from "../ttm/place.ts";
import type { Resource, Tt } from "../ttm/resource.ts";
import { boPageShift } from "../uvmm/page-shift.ts";
import { CPU, GART, VRAM } from "./domains.ts";

/** How an object is made. */
export interface NouveauBoOptions {
  /** Bytes. */
  readonly size: number;
  /** `NOUVEAU_GEM_DOMAIN_*`. */
  readonly domain: number;
  /** Supplies the dma_resv of a private object (`r_obj`). */
  readonly rObj?: DrmGemObject;
  readonly imported?: boolean;
  readonly holder?: string | { readonly name: string };
}

/** A mapping at an address that the kernel chose (`struct nouveau_vma`), as far as a move of the memory needs it. */
export interface KernelMapping {
  /** Where it is. */
  readonly vmm: object;
  /** In the page tables. */
  readonly mapped: boolean;
  /** Writes the entries, again if they are there. */
  map(): Errno;
  /** Clears them. */
  unmap(): void;
}

/**
 * A buffer object (`struct nouveau_bo`): memory that TTM manages. A private one holds the VM's resv object, and leaves
 * neither the VM nor the file.
 */
export class NouveauBo extends Bo {
  readonly nv: NvDevice;
  /** The domains that it may be in (`valid_domains`). */
  readonly validDomains: number;
  /** Where it may lie next (`placement`): an eviction asks for another place than a validation does. */
  placement: readonly Placement[];
  /** Its memory; null: none yet (`bo.resource`). */
  resource: Resource | null = null;
  #tt: Tt | null = null;
  /** Its page size, as a shift (`page`). */
  readonly pageShift: number;
  /** The resv object that it shares, or null (`r_obj`, with `no_share`). */
  readonly rObj: DrmGemObject | null;
  /** Mappings that the kernel manages, at most one for each VMM (`vma_list`). */
  readonly vmas: KernelMapping[] = [];
  /** The client whose buffer list has it, within one call (`reserved_by`). */
  reservedBy: object | null = null;
  #freed = false;
  #mapped = 0;
  #kept = 0;
  #dead = false;

  /** A new object with one reference, without memory: `boInit` gives it some. Its size is whole pages of its own. */
  constructor(nv: NvDevice, options: NouveauBoOptions) {
    const { size, domain, rObj, imported, holder } = options;
    const shift = boPageShift(nv.hardware, size, domain);
    super(nv.machine, {
      size: Math.ceil(size / 2 ** shift) * 2 ** shift,
      imported: imported ?? false,
      funcs: { free: (obj) => (obj as NouveauBo).#free() },
      resv: rObj?.resv,
      holder,
    });
    this.nv = nv;
    this.validDomains = domain & (VRAM | GART);
    this.pageShift = shift;
    this.rObj = rObj ?? null;
    rObj?.get(this);
    this.placement = placementOf(this.validDomains === 0 ? CPU : this.validDomains);
    this.pages = "evicted";
  }

  /** Pages of the host's that it has; null: none (`bo.ttm`). */
  get tt(): Tt | null {
    return this.#tt;
  }

  /** It gets pages, loses them, or lets swap have them. */
  set tt(tt: Tt | null) {
    const { host } = this.nv;
    // An import's pages are another driver's.
    const size = this.imported ? 0 : this.size;
    if (this.#tt === "populated") host.used -= size;
    if (tt === "populated") host.used += size;
    this.#tt = tt;
  }

  /** The domain that it lies in, or 0, out of the GPU's reach. */
  get lies(): number {
    return this.resource === null ? 0 : domainOf(this.resource.place);
  }

  /** It has moved. */
  landed(): void {
    if (this.resource?.place !== PL_SYSTEM) this.pages = "resident";
    else if (this.pages === "resident") this.takePages("evicted");
  }

  /** Last to be moved away (`ttm_bo_move_to_lru_tail_unlocked`). */
  used(): void {
    if (this.resource !== null) this.resource.home.toTail(this.resource);
  }

  /** Whoever moves it keeps it, though the last reference of a program's may go meanwhile (`ttm_bo_get`). */
  keep(): void {
    this.#kept++;
  }

  /** He is done with it (`ttm_bo_put`). */
  letGo(): void {
    if (--this.#kept === 0 && this.#dead) this.#free();
  }

  /** An old-style mapping holds the memory itself (`nvkm_memory_ref` of a `nvkm_vma`). */
  holdMemory(): void {
    this.#mapped++;
  }

  /** It does no more. */
  dropMemory(): void {
    this.#mapped--;
    if (this.#freed) this.#release();
  }

  /**
   * `nouveau_gem_object_del`, `ttm_bo_release`: while a job may use the memory it stays, and a worker waits
   * (`ttm_bo_delayed_delete`). A private object takes copies of the fences, since the VM goes on
   * (`ttm_bo_individualize_resv`).
   */
  #free(): void {
    this.#dead = true;
    if (this.#kept > 0) return;
    const { machine } = this;
    if (this.resv.busy(USAGE_BOOKKEEP) === null) {
      this.#freed = true;
      this.#release();
      return;
    }
    const fences: DmaFence[] = this.resv.pending().map(({ fence }) => fence);
    if (machine.auditing) machine.note(this.name, `freed, but ${fences.length} fences keep its memory`);
    machine.queueWorkBehind(fences, "ttm_bo_delayed_delete", () => this.#delayedDelete());
  }

  *#delayedDelete(): Steps<void> {
    this.#freed = true;
    this.#release();
  }

  #release(): void {
    if (this.#mapped > 0) return;
    if (this.resource !== null) this.resource.home.release(this.resource);
    this.resource = null;
    this.tt = null;
    releaseBo(this);
    this.rObj?.put(this);
  }
}

/** The object whose memory it is. */
export function boOf(res: Resource): NouveauBo {
  return res.bo as NouveauBo;
}
