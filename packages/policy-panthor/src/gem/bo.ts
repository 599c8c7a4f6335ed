import type { DrmGemObject, DrmGpuvm, GemFuncs, Holder } from "@gpuvm/core";
import { Bo, GIB512, KIB4, type Machine, MIB2, releaseBo, removeFrom } from "@gpuvm/drm-model";
import type { Generation } from "../history/generation.ts";

/** How hard it is to take an object's pages, easiest first (`enum panthor_gem_reclaim_state`). */
export type ReclaimState = "unused" | "mmapped" | "single" | "multi" | "unreclaimable";

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

/** What an object needs to know of the device that it is made on. */
export interface PanthorBoHost {
  /** The machine. */
  readonly machine: Machine;
  /** Which generation of the driver. */
  readonly gen: Generation;
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
  constructor(host: PanthorBoHost, options: PanthorBoOptions) {
    const { size, rootGem = null, holder = "creator", imported = false, contiguity } = options;
    super(host.machine, {
      size,
      imported,
      holder,
      usualContiguity: MIB2,
      funcs: FUNCS,
      contiguity,
      resv: rootGem?.resv,
    });
    this.rootGem = rootGem;
    this.sgt = imported;
    rootGem?.get(this);
    // 6.12 names its own lock, which may be taken in the signalling path (`drm_gem_gpuva_set_lock`).
    if (!host.gen.immediate) this.gpuvaListLock = this.gpuvaLock;
  }

  /** Bytes of each piece of its memory now: see {@link Bo.contiguity}. */
  get piece(): number {
    return this.swapped ? KIB4 : Math.min(this.contiguity, GIB512);
  }

  /** Bytes that lie in one piece of memory from an offset on. */
  contiguousFrom(offset: number): number {
    return Math.min(this.size - offset, this.piece - (offset % this.piece));
  }

  /** To the end of a list by which pages are reclaimed, off the one that it is on (`drm_gem_lru_move_tail`). */
  moveTo(list: PanthorBo[] | null): void {
    removeFrom<PanthorBo>(this.lru, this);
    this.lru = list;
    list?.push(this);
  }

  /** Whether the page at an offset is part of a folio of 2 MiB: tmpfs makes those that the object has room for. */
  isHugeAt(offset: number): boolean {
    return this.piece >= MIB2 && (Math.floor(offset / MIB2) + 1) * MIB2 <= this.size;
  }
}

const FUNCS: GemFuncs = { free: (obj) => freeObject(obj as PanthorBo) };

/** `panthor_gem_free_object`. May run in a shrinker: takes no dma_resv. */
function freeObject(bo: PanthorBo): void {
  if (bo.vmaps > 0) {
    bo.vmaps = 0;
    bo.pins--;
  }
  bo.moveTo(null);
  releaseBo(bo);
  bo.rootGem?.put(bo);
}

/** An object of the driver's own, mapped in the kernel's part of a VM (`struct panthor_kernel_bo`). */
export interface KernelBo {
  /** What it is for, as debugfs names it. */
  readonly name: string;
  /** Who holds the object and the VM for it. */
  readonly owner: Holder;
  /** Where it is mapped; counted. */
  readonly gpuvm: DrmGpuvm;
  /** Counted. */
  readonly bo: PanthorBo;
  /** Pinned for its life: it is in the firmware's VM. */
  readonly pinned: boolean;
  /** First address (`va_node`). */
  readonly va: number;
  /** The driver chose where; else the firmware did. */
  readonly placed: boolean;
  /** The kernel maps it, which pins it. */
  vmapped: boolean;
}
