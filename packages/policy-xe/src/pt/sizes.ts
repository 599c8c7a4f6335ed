import { GIB1, GIB512, KIB4, KIB64, MIB2 } from "@gpuvm/drm-model";

/** Entries of one table (`XE_PDES`). */
export const XE_PDES = 512;
/** The highest level at which an entry can be a leaf: 1 GiB (`MAX_HUGEPTE_LEVEL`). */
export const MAX_HUGEPTE_LEVEL = 2;

const TIB256 = GIB512 * XE_PDES;

/** Bytes that one entry covers, by level, level 0 first (`xe_normal_pt_shifts`). */
export const NORMAL_SIZES: readonly number[] = [KIB4, MIB2, GIB1, GIB512, TIB256];
/** The same where a table of level 0 has entries of 64 KiB (`xe_compact_pt_shifts`). */
export const COMPACT_SIZES: readonly number[] = [KIB64, MIB2, GIB1, GIB512, TIB256];
