import { type Gpuva, vaName } from "@gpuvm/core";
import { GIB1, KIB4, KIB64, MIB2 } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import type { XeVm } from "./vm.ts";

/** The only tile (`BIT(tile->id)`). */
export const TILE0 = 1;

/** Entries of 4 KiB were written for it (`XE_VMA_PTE_4K`). */
export const PTE_4K = 1;
/** See {@link PTE_4K}; of 64 KiB: the hint. */
export const PTE_64K = 2;
/** See {@link PTE_4K}. */
export const PTE_2M = 4;
/** See {@link PTE_4K}. */
export const PTE_1G = 8;
/** See {@link PTE_4K}; tables of 64 KiB entries. */
export const COMPACT = 16;

/** What a VMA maps: an object, null pages, or the program's own memory. */
export type VmaKind = "bo" | "null" | "userptr";

/** What a new piece inherits of the VMA that is cut (`vma->attr` and the create flags). */
export interface VmaAttributes {
  readonly kind: VmaKind;
  /** The contents are wanted. */
  readonly willneed: boolean;
  /** `DRM_XE_VM_BIND_FLAG_*`. */
  readonly flags: number;
}

/**
 * A mapping (`struct xe_vma`): a gpuva with a reference of its own. A VMA of an object holds the object; one without
 * holds the VM, which it has no vm_bo to do for it. Both until the fence of its unbind has signalled.
 */
export class XeVma {
  /** The VM. */
  readonly vm: XeVm;
  /** The gpuva. */
  readonly va: Gpuva;
  /** The object; counted. */
  readonly bo: XeBo | null;
  /** What it maps. */
  readonly kind: VmaKind;
  /** The contents are wanted (`attr.purgeable_state`). */
  willneed: boolean;
  /** `DRM_XE_VM_BIND_FLAG_*`. */
  readonly flags: number;
  /** Tiles with tables for it; a zap leaves them (`tile_present`). */
  tilePresent = 0;
  /** Tiles for which a bind is being prepared (`tile_staged`). */
  tileStaged = 0;
  /** Tiles on which its entries were cleared behind its back (`tile_invalidated`). */
  tileInvalidated = 0;
  /** Sizes of entries that it ever had (`XE_VMA_PTE_*`). */
  pteFlags = 0;
  /** To be unbound, or unbound (`XE_VMA_DESTROYED`). */
  destroyed = false;

  /** Made by {@link vmaCreate}. */
  constructor(vm: XeVm, va: Gpuva, bo: XeBo | null, attributes: VmaAttributes) {
    this.vm = vm;
    this.va = va;
    this.bo = bo;
    this.kind = attributes.kind;
    this.willneed = attributes.willneed;
    this.flags = attributes.flags;
  }

  /** `va#7 of vm#2`. */
  get name(): string {
    return vaName(this.vm.gpuvm, this.va);
  }

  /** First address. */
  get start(): number {
    return this.vm.gpuvm.vas.addr(this.va);
  }

  /** Address after the last. */
  get end(): number {
    return this.vm.gpuvm.vas.end(this.va);
  }

  /** Where in the object it begins; pieces of a mapping without object are all at 0. */
  get offset(): number {
    return this.vm.gpuvm.vas.offset(this.va);
  }

  /** External: its object has a dma_resv of its own. */
  get contested(): boolean {
    return this.bo !== null && this.bo.vm === null;
  }

  /** Sets address and range, in place (for a VMA that is out of the tree). */
  setRange(start: number, range: number): void {
    const { vas } = this.vm.gpuvm;
    vas.set(this.va, start, range, vas.offset(this.va), vas.owner(this.va));
  }
}

/** The greatest entry that a VMA has; 1 GiB as long as nobody knows (`xe_vma_max_pte_size`). */
export function maxPteSize({ pteFlags }: XeVma): number {
  if ((pteFlags & PTE_1G) !== 0) return GIB1;
  if ((pteFlags & (PTE_2M | COMPACT)) !== 0) return MIB2;
  if ((pteFlags & PTE_64K) !== 0) return KIB64;
  return (pteFlags & PTE_4K) !== 0 ? KIB4 : GIB1;
}

/** `xe_vma_set_pte_size`. */
export function setPteSize(vma: XeVma, size: number): void {
  if (size === GIB1) vma.pteFlags |= PTE_1G;
  else if (size === MIB2) vma.pteFlags |= PTE_2M;
  else vma.pteFlags |= size === KIB64 ? PTE_64K : PTE_4K;
}
