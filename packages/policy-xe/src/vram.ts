import type { DmaFence } from "@gpuvm/core";

/**
 * A device's own memory, as a budget (`struct xe_ttm_vram_mgr`): the buddy allocator makes do with any free blocks, so that
 * only their sum counts.
 *
 * # Invariants
 * `used` is what objects and page tables have, and what moves of which the old place is still being read.
 */
export class Vram {
  /** Bytes. */
  readonly size: number;
  /** Bytes that somebody has. */
  used = 0;
  /**
   * What was evicted last is still copied away: whoever gets room has to wait for it (`man->eviction_fences`). The copies
   * run in order.
   */
  moving: DmaFence | null = null;

  /** Empty. */
  constructor(size: number) {
    this.size = size;
  }

  /** Takes bytes, if that many are free. */
  charge(bytes: number): boolean {
    if (this.used + bytes > this.size) return false;
    this.used += bytes;
    return true;
  }

  /** Gives bytes back. */
  release(bytes: number): void {
    this.used -= bytes;
  }
}
