/** What a table holds (`enum nvkm_vmm_desc_type`): tables, or pages; of two tables for one range, small pages or large ones. */
export type DescType = "PGD" | "SPT" | "LPT";

/** One level of page tables (`struct nvkm_vmm_desc`). */
export interface Desc {
  readonly type: DescType;
  /** It has 2^bits entries. */
  readonly bits: number;
  /** So many. */
  readonly entries: number;
  /** Bytes of an entry. */
  readonly entryBytes: number;
  /** Alignment of the table; below 4096 several share a page. */
  readonly align: number;
  /** Bytes of a table; one that shares a page counts with its part. */
  readonly bytes: number;
}

/** A size of entries (`struct nvkm_vmm_page`), with the levels from the table of such entries up to the root. */
export interface Page {
  /** An entry covers 2^shift bytes. */
  readonly shift: number;
  /** So many. */
  readonly bytes: number;
  readonly desc: readonly Desc[];
  /** What it can lead to: memory of the GPU's, of the host's; or to nothing, and reads as zero. */
  readonly vram: boolean;
  readonly host: boolean;
  readonly sparse: boolean;
}

/** A generation's page tables (`struct nvkm_vmm_func`). */
export interface VmmFunc {
  /** The kernel's name of it. */
  readonly name: string;
  /** Page sizes, greatest first; the last one has the deepest tables. */
  readonly pages: readonly Page[];
  /** Address bits. */
  readonly bits: number;
}

function level(type: DescType, bits: number, entryBytes: number, align = 0x1000): Desc {
  const entries = 2 ** bits;
  return { type, bits, entries, entryBytes, align, bytes: align < 0x1000 ? align : entryBytes * entries };
}

/** `S` sparse, `V` VRAM, `H` host, as in `NVKM_VMM_PAGE_SVHx`. */
function page(shift: number, desc: readonly Desc[], can: string): Page {
  return {
    shift,
    bytes: 2 ** shift,
    desc,
    sparse: can.includes("S"),
    vram: can.includes("V"),
    host: can.includes("H"),
  };
}

function func(name: string, pages: readonly Page[]): VmmFunc {
  const { desc, shift } = pages.at(-1) as Page;
  return { name, pages, bits: desc.reduce((sum, { bits }) => sum + bits, shift) };
}

const GP100_PD: readonly Desc[] = [
  level("PGD", 8, 16),
  level("PGD", 9, 8),
  level("PGD", 9, 8),
  level("PGD", 2, 8),
];

/** Pascal to Ada (`gp100_vmm`; later ones add what this model does not look at). */
export const GP100: VmmFunc = func("gp100", [
  page(47, GP100_PD.slice(3), "S"),
  page(38, GP100_PD.slice(2), "S"),
  page(29, GP100_PD.slice(1), "S"),
  page(21, GP100_PD, "SV"),
  page(16, [level("LPT", 5, 8, 0x100), ...GP100_PD], "SV"),
  page(12, [level("SPT", 9, 8), ...GP100_PD], "SVH"),
]);

/** Maxwell's second generation with large pages of 128 KiB (`gm200_vmm_17`). */
export const GM200: VmmFunc = func("gm200", [
  page(27, [level("PGD", 13, 8)], "S"),
  page(17, [level("LPT", 10, 8), level("PGD", 13, 8)], "SV"),
  page(12, [level("SPT", 15, 8), level("PGD", 13, 8)], "SVH"),
]);

/** Fermi, and Kepler, where only entries that this model does not look at differ (`gf100_vmm_17`, `gk104_vmm_17`). */
export const GF100: VmmFunc = func("gf100", [
  page(17, [level("LPT", 10, 8), level("PGD", 13, 8)], "V"),
  page(12, [level("SPT", 15, 8), level("PGD", 13, 8)], "VH"),
]);

/** Each by its name. */
export const VMM_FUNCS: ReadonlyMap<string, VmmFunc> = new Map(
  [GP100, GM200, GF100].map((known) => [known.name, known]),
);

/** The size of entries with a shift; undefined: the hardware has none. */
export function pageOf(vmm: VmmFunc, shift: number): Page | undefined {
  for (const page of vmm.pages) if (page.shift === shift) return page;
  return undefined;
}
