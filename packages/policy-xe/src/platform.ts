/**
 * What the driver's descriptors say of a platform (`xe_pci.c`: `struct xe_device_desc`, `struct xe_graphics_desc`), as far as
 * page tables, TLB and memory depend on it. Every platform here has one tile.
 */
export interface XePlatform {
  /** Marketing name. */
  readonly name: string;
  /** `GRAPHICS_VERx100`: 2004 is 20.04. */
  readonly graphicsVerx100: number;
  /** Level of the root table (`vm_max_level`). */
  readonly vmMaxLevel: number;
  /** Bytes of an address space (2 to the power of `va_bits`). */
  readonly vaSize: number;
  /** GTs of the tile, each with a TLB of its own: 1, or 2 with a media GT. */
  readonly gtCount: 1 | 2;
  /** Bytes of its own memory that can be used (`is_dgfx`); 0: it has none. */
  readonly vram: number;
  /** The GPU can fault (`has_usm`). */
  readonly hasUsm: boolean;
  /** Faults need a scratch page (`needs_scratch`). */
  readonly needsScratch: boolean;
  /** TLB invalidation is by context (`has_ctx_tlb_inval`), which no resume does by itself. */
  readonly hasCtxTlbInval: boolean;
}

const XE2 = { vmMaxLevel: 4, vaSize: 2 ** 48, gtCount: 2, hasUsm: true, needsScratch: true } as const;

/** Lunar Lake (`lnl_desc`, graphics 20.04): what the recorded programs ran on. */
export const LUNAR_LAKE: XePlatform = {
  ...XE2,
  name: "Lunar Lake",
  graphicsVerx100: 2004,
  vram: 0,
  hasCtxTlbInval: false,
};

/** Battlemage (`bmg_desc`, graphics 20.01): memory of its own. */
export const BATTLEMAGE: XePlatform = {
  ...XE2,
  name: "Battlemage",
  graphicsVerx100: 2001,
  vram: 12 * 2 ** 30,
  hasCtxTlbInval: false,
};

/** Tiger Lake (`tgl_desc`, graphics 12.00): before compact tables, one GT, no faults. */
export const TIGER_LAKE: XePlatform = {
  name: "Tiger Lake",
  graphicsVerx100: 1200,
  vmMaxLevel: 3,
  vaSize: 2 ** 48,
  gtCount: 1,
  vram: 0,
  hasUsm: false,
  needsScratch: false,
  hasCtxTlbInval: false,
};
