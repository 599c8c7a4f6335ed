import type { DmaFence } from "@gpuvm/core";
import { Budget } from "./budget.ts";

/**
 * A device's own memory, as a budget (`struct xe_ttm_vram_mgr`): the buddy allocator makes do with any free blocks, so that
 * only their sum counts.
 *
 * # Invariants
 * `used` is what objects and page tables have, and what moves of which the old place is still being read.
 */
export class Vram extends Budget {
  /**
   * What was evicted last is still copied away: whoever gets room has to wait for it (`man->eviction_fences`). The copies
   * run in order.
   */
  moving: DmaFence | null = null;
  /** Bytes of page tables. */
  tables = 0;
  /** Bytes that are still copied from, by moves that were no evictions: nobody waits for these copies. */
  copiedFrom = 0;
}
