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
  /** With pages that must stay. */
  readonly pinned: List<MsmBo> = new List();
  /** With pages that may be swapped out, least recently used first. */
  readonly willneed: List<MsmBo> = new List();
  /** With pages that may be dropped. */
  readonly dontneed: List<MsmBo> = new List();

  /** Puts an object where its state says, at the tail (`update_lru_locked`). */
  update(bo: MsmBo): void {
    bo.onLru.remove();
    if (bo.pages !== "resident") this.unbacked.push(bo.onLru);
    else if (bo.pins > 0) this.pinned.push(bo.onLru);
    else if (bo.madv === "willneed") this.willneed.push(bo.onLru);
    else this.dontneed.push(bo.onLru);
  }
}
