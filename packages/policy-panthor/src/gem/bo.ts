import { type DmaResv, type DrmGemObject, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { Bo, GIB512, KIB4, lockBriefly, MIB2, releaseBo, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { forget, type ReclaimState, updateReclaimState } from "./reclaim.ts";

/** How an object is made. */
export interface PanthorBoOptions {
  /** Bytes, a multiple of 4096. */
  readonly size: number;
  /** The resv object of the only VM that may map it. */
  readonly rootGem?: DrmGemObject | null;
  /** Holder of the first reference; default: the creator. */
  readonly holder?: Holder;
  /** It is another driver's. */
  readonly imported?: boolean;
  /** How its memory lies, where that is known. */
  readonly contiguity?: number | undefined;
}

/** A buffer object (`struct panthor_gem_object`). Its `pins` are `backing.pin_count`. */
export class PanthorBo extends Bo {
  /** The resv object of the only VM that may map it; counted (`exclusive_vm_root_gem`). */
  readonly rootGem: DrmGemObject | null;
  /** Programs' CPU mappings (`cmap.mmap_count`). */
  mmaps = 0;
  /** Programs have entries that lead to its pages: they have touched them since these came. */
  touched = false;
  /** Uses of the kernel's own mapping, which pins once (`cmap.vaddr_use_count`). */
  vmaps = 0;
  /** Its pages have addresses for the device (`dmap.sgt`). */
  sgt = false;
  /** Its pages were taken once: what came back from swap is of small folios. */
  swapped = false;
  /** How hard it is to take its pages; as of the last look. */
  reclaimState: ReclaimState = "unreclaimable";
  /** The list it is on, by which its pages are reclaimed; null: none. */
  lru: PanthorBo[] | null = null;

  /** A new object with one reference. A dedicated tmpfs mount gives it huge folios (`panthor_transparent_hugepage`). */
  constructor(panthor: Panthor, options: PanthorBoOptions) {
    const { size, rootGem = null, holder = "creator", imported = false, contiguity } = options;
    super(panthor.machine, {
      size,
      imported,
      holder,
      usualContiguity: MIB2,
      funcs: { free: (obj) => freeObject(obj as PanthorBo) },
      ...(contiguity === undefined ? {} : { contiguity }),
      ...resvOf(rootGem),
    });
    this.rootGem = rootGem;
    this.sgt = imported;
    rootGem?.get(this);
    // 6.12 names its own lock, which may be taken in the signalling path (`drm_gem_gpuva_set_lock`).
    if (!panthor.gen.immediate) this.gpuvaListLock = this.gpuvaLock;
  }

  /** Bytes of each piece of its memory now: see {@link Bo.contiguity}. */
  get piece(): number {
    return this.swapped ? KIB4 : Math.min(this.contiguity, GIB512);
  }

  /** Bytes that lie in one piece of memory from an offset on. */
  contiguousFrom(offset: number): number {
    return Math.min(this.size - offset, this.piece - (offset % this.piece));
  }

  /** Whether the page at an offset is part of a folio of 2 MiB: tmpfs makes those that the object has room for. */
  isHugeAt(offset: number): boolean {
    return this.piece >= MIB2 && (Math.floor(offset / MIB2) + 1) * MIB2 <= this.size;
  }
}

function resvOf(rootGem: DrmGemObject | null): { resv?: DmaResv } {
  return rootGem === null ? {} : { resv: rootGem.resv };
}

/** `panthor_gem_free_object`. May run in a shrinker: takes no dma_resv. */
function freeObject(bo: PanthorBo): void {
  if (bo.vmaps > 0) {
    bo.vmaps = 0;
    bo.pins--;
  }
  forget(bo);
  releaseBo(bo);
  bo.rootGem?.put(bo);
}

/** Keeps an object's pages in memory, bringing them there if need be (`panthor_gem_pin`). */
export function* pinBo(panthor: Panthor, bo: PanthorBo): Steps<Errno> {
  if (bo.imported) return 0;
  if (bo.pins > 0) {
    bo.pins++;
    return 0;
  }
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_pin");
  const ret = yield* pinLocked(panthor, bo);
  unlock(dev, bo.resv);
  return ret;
}

/** As {@link pinBo}; the object's dma_resv is held (`panthor_gem_backing_pin_locked`). */
function* pinLocked(panthor: Panthor, bo: PanthorBo): Steps<Errno> {
  if (bo.pins > 0) {
    bo.pins++;
    return 0;
  }
  const ret = getPages(bo);
  if (ret !== 0) return ret;
  bo.pins = 1;
  yield* updateReclaimState(panthor, bo);
  return 0;
}

/** Undoes {@link pinBo} (`panthor_gem_unpin`). The pages stay until somebody takes them. */
export function* unpinBo(panthor: Panthor, bo: PanthorBo): Steps<void> {
  if (bo.imported) return;
  if (bo.pins > 1) {
    bo.pins--;
    return;
  }
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_unpin");
  yield* unpinLocked(panthor, bo);
  unlock(dev, bo.resv);
}

function* unpinLocked(panthor: Panthor, bo: PanthorBo): Steps<void> {
  if (--bo.pins === 0) yield* updateReclaimState(panthor, bo);
}

/** Makes an object's pages be there (`panthor_gem_backing_get_pages_locked`). Its dma_resv is held. */
export function getPages(bo: PanthorBo): Errno {
  if (bo.pages === "resident") return 0;
  if (!bo.dev.mayAlloc("panthor pages")) return -ENOMEM;
  bo.pages = "resident";
  return 0;
}

/** Makes them be there with addresses for the device (`panthor_gem_dev_map_get_sgt_locked`). */
export function getSgtLocked(bo: PanthorBo): Errno {
  if (bo.sgt) return 0;
  const ret = getPages(bo);
  if (ret !== 0) return ret;
  if (!bo.dev.mayAlloc("panthor sgt")) return -ENOMEM;
  bo.sgt = true;
  return 0;
}

/** `panthor_gem_get_dev_sgt`. */
export function* getDevSgt(bo: PanthorBo): Steps<Errno> {
  yield* lockBriefly(bo.dev, bo.resv, "panthor_gem_get_dev_sgt");
  const ret = getSgtLocked(bo);
  unlock(bo.dev, bo.resv);
  return ret;
}

/** Maps an object for the kernel, which pins it (`drm_gem_vmap`, `panthor_gem_vmap_get_locked`). */
export function* vmapBo(panthor: Panthor, bo: PanthorBo): Steps<Errno> {
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_vmap_get_locked");
  let ret: Errno = 0;
  if (bo.vmaps === 0) {
    ret = yield* pinLocked(panthor, bo);
    if (ret === 0) {
      ret = getSgtLocked(bo);
      if (ret === 0 && !dev.mayAlloc("panthor vmap")) ret = -ENOMEM;
      if (ret !== 0) yield* unpinLocked(panthor, bo);
    }
  }
  if (ret === 0) bo.vmaps++;
  unlock(dev, bo.resv);
  return ret;
}

/** Undoes {@link vmapBo}. */
export function* vunmapBo(panthor: Panthor, bo: PanthorBo): Steps<void> {
  const { dev } = bo;
  yield* lockBriefly(dev, bo.resv, "panthor_gem_vmap_put_locked");
  if (--bo.vmaps === 0) yield* unpinLocked(panthor, bo);
  unlock(dev, bo.resv);
}
