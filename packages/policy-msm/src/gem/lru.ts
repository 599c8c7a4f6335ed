import { List } from "@gpuvm/core";
import type { MsmBo } from "./bo.ts";

/**
 * Which objects memory pressure looks at, and in which order (`msm_drm_private.lru`). Needs `gem_lru_mutex`.
 *
 * # Invariants
 * Each object is on exactly one list from its creation to its free.
 */
export class Lru {
  /** Without pages. */
  readonly unbacked: List<MsmBo> = new List();
  /** With pages that must stay: pinned, or of another driver. */
  readonly pinned: List<MsmBo> = new List();
  /** With pages that may be swapped out, least recently used first. */
  readonly willneed: List<MsmBo> = new List();
  /** With pages that may be dropped. */
  readonly dontneed: List<MsmBo> = new List();

  /** Puts an object where its state says, at the tail (`update_lru_locked`). */
  update(bo: MsmBo): void {
    this.#listOf(bo).moveToTail(bo.onLru);
  }

  #listOf(bo: MsmBo): List<MsmBo> {
    if (bo.pages !== "resident") return this.unbacked;
    if (bo.pins > 0) return this.pinned;
    return bo.madv === "willneed" ? this.willneed : this.dontneed;
  }
}
