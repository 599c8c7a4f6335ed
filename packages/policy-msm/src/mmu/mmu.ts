import type { Errno } from "@gpuvm/core";
import { type Bo, type IoPgtableArm, isAligned, KIB4, MIB2, within } from "@gpuvm/drm-model";

/** Page tables and TLB of one VM (`struct msm_mmu`). Addresses and lengths are bytes, multiples of 4096. */
export interface MsmMmu {
  /** What the GPU, or the display, sees. */
  readonly view: IoPgtableArm;
  /**
   * Entries for `[iova, iova + length)` that lead to an object from `offset` on, or (null) to the page that stands for
   * what is not there (`msm_mmu_funcs.map`).
   *
   * @param prealloc pages for tables, of a VM whose programs manage addresses
   * @returns 0; -EINVAL: a table was missing and could not be made, and nothing is mapped
   */
  map(iova: number, bo: Bo | null, offset: number, length: number, prealloc: Prealloc | null): Errno;
  /** Clears `[iova, iova + length)`, and has the TLB forget it (`msm_mmu_funcs.unmap`). */
  unmap(iova: number, length: number): void;
  /** The end of the tables (`msm_mmu_funcs.destroy`). */
  destroy(): void;
}

/** Pages for tables that a bind job took beforehand (`struct msm_mmu_prealloc`). */
export interface Prealloc {
  /** How many were taken. */
  count: number;
  /** How many of them are in use now. */
  used: number;
}

/** Bytes from an offset on that lie in one piece, as far as that decides how great entries can be. */
export function pieceAt(
  bo: Bo,
  offset: number,
  length: number,
): { readonly phys: number; readonly size: number } {
  // In pieces below 2 MiB every entry covers a page, wherever the piece ends.
  if (bo.contiguity < MIB2) return { phys: KIB4, size: length };
  const phys = offset % bo.contiguity;
  return { phys, size: Math.min(length, bo.contiguity - phys) };
}

/** Bytes that one entry covers, and how many such entries go into one call of io-pgtable. */
export interface PageRun {
  readonly pgsize: number;
  readonly count: number;
}

/**
 * The greatest entries that may stand at `iova` (`calc_pgsize`, which is `iommu_pgsize`), and how many until greater ones
 * fit.
 *
 * @param sizes bytes that one entry may cover, ascending
 * @param phys where the memory lies; for an unmap: `iova` again
 * @param size bytes from here on
 */
export function calcPgsize(sizes: readonly number[], iova: number, phys: number, size: number): PageRun {
  let at = 0;
  for (let i = 1; i < sizes.length; i++) {
    const pgsize = sizes[i] as number;
    if (pgsize <= size && isAligned(iova, pgsize) && isAligned(phys, pgsize)) at = i;
  }
  const pgsize = sizes[at] as number;
  const next = sizes[at + 1];
  // A greater one never fits where address and memory lie differently within it.
  if (next === undefined || !isAligned(iova - phys, next))
    return { pgsize, count: Math.floor(size / pgsize) };
  const offset = next - within(iova, next);
  return { pgsize, count: Math.floor((offset + next <= size ? offset : size) / pgsize) };
}
