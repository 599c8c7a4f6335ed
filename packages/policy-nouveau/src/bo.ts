import { type DmaFence, type DrmGemObject, USAGE_BOOKKEEP } from "@gpuvm/core";
import { Bo, releaseBo, waitFence } from "@gpuvm/drm-model";
import type { NvDevice } from "./device.ts";
import { GART, VRAM } from "./domains.ts";
import { boPageShift } from "./page-size.ts";
import type { NvVma } from "./vma.ts";
import type { NvVmm } from "./vmm.ts";

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

/**
 * A buffer object (`struct nouveau_bo`): memory that TTM manages. A private one holds the VM's resv object, and leaves
 * neither the VM nor the file.
 */
export class NouveauBo extends Bo {
  /** The domains that it may be in (`valid_domains`). */
  readonly validDomains: number;
  /** Where it may lie next (`placement`): an eviction asks for another place than a validation does. */
  placement: number;
  /** Where it lies: one of `NOUVEAU_GEM_DOMAIN_*`, or 0, out of the GPU's reach (`bo.resource.mem_type`). */
  lies: number;
  /** Its page size, as a shift (`page`). */
  readonly pageShift: number;
  /** The resv object that it shares, or null (`r_obj`, with `no_share`). */
  readonly rObj: DrmGemObject | null;
  /** Mappings that the kernel manages, at most one for each VMM (`vma_list`). */
  readonly vmas: Map<NvVmm, NvVma> = new Map();
  /** The buffer list that reserved it, within one call (`reserved_by`). */
  reservedBy: object | null = null;
  #freed = false;
  #mapped = 0;

  /** A new object with one reference, and with memory, where its domains let it be. */
  constructor(nv: NvDevice, options: NouveauBoOptions) {
    const { size, domain, rObj, imported, holder } = options;
    super(nv.machine, {
      size: Math.ceil(size / 4096) * 4096,
      imported: imported ?? false,
      funcs: { free: (obj) => (obj as NouveauBo).#free() },
      ...(rObj === undefined ? {} : { resv: rObj.resv }),
      ...(holder === undefined ? {} : { holder }),
    });
    this.validDomains = domain & (VRAM | GART);
    this.pageShift = boPageShift(size, domain);
    this.rObj = rObj ?? null;
    rObj?.get(this);
    // Without a domain of the GPU's it lies in system memory, out of its reach.
    this.pages = this.validDomains === 0 ? "evicted" : "resident";
    this.placement = this.validDomains;
    this.lies = firstOf(this.validDomains);
  }

  /** The GPU can reach it: it is not in `TTM_PL_SYSTEM`. */
  get reachableByGpu(): boolean {
    return this.pages === "resident";
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
    const { machine } = this;
    if (this.resv.busy(USAGE_BOOKKEEP) === null) {
      this.#freed = true;
      this.#release();
      return;
    }
    const fences: DmaFence[] = this.resv.pending().map(({ fence }) => fence);
    if (machine.auditing) machine.note(this.name, `freed, but ${fences.length} fences keep its memory`);
    machine.queueWork("ttm_bo_delayed_delete", () => this.#delayedDelete(fences));
  }

  *#delayedDelete(fences: readonly DmaFence[]): ReturnType<typeof waitFence> {
    for (const fence of fences) yield* waitFence(this.dev, fence, "ttm_bo_delayed_delete");
    this.#freed = true;
    this.#release();
  }

  #release(): void {
    if (this.#mapped > 0) return;
    releaseBo(this);
    this.rObj?.put(this);
  }
}

/** What TTM tries first: VRAM where that is allowed. */
export function firstOf(domains: number): number {
  return (domains & VRAM) !== 0 ? VRAM : domains & GART;
}
