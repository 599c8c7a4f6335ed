import type { Page, VmmFunc } from "./desc.ts";

/** A part of a sparse range with entries of one size. */
export interface Block {
  readonly page: Page;
  readonly at: number;
  readonly bytes: number;
}

/** Cuts a range into parts with the greatest entries that fit, up to those of the root (`nvkm_vmm_ptes_sparse`). */
export function* sparseBlocks(func: VmmFunc, addr: number, size: number): Generator<Block> {
  const { pages } = func;
  const bytesOf = (i: number): number => 2 ** (pages[i] as Page).shift;
  let most = 0;
  for (let at = addr, left = size; left > 0; ) {
    while (left < bytesOf(most)) most++;
    let i = most;
    while (at % bytesOf(i) !== 0) i++;
    let upto = left;
    if (i !== most) {
      // Up to where greater ones can begin, if one fits from there on.
      const greater = bytesOf(i - 1);
      const part = Math.ceil(at / greater) * greater - at;
      if (left - part >= greater) upto = part;
    }
    const bytes = Math.floor(upto / bytesOf(i)) * bytesOf(i);
    yield { page: pages[i] as Page, at, bytes };
    left -= bytes;
    at += bytes;
  }
}
