import { List } from "@gpuvm/core";
import type { MsmBo } from "./bo.ts";

/**
 * Which objects memory pressure looks at, and in which order (`msm_drm_private.lru`). Needs `gem_lru_mutex`.
 *
 * # Invariants
 * From its creation to its free each object is on exactly one list, or on none if its pages must stay: it is pinned, or of
 * another driver. The kernel's list of those (`lru.pinned`) is walked by nobody.
 */
export class Lru {
  /** Without pages. */
  readonly unbacked: List<MsmBo> = new List();
  /** With pages that may be swapped out, least recently used first. */
  readonly willneed: List<MsmBo> = new List();
  /** With pages that may be dropped. */
  readonly dontneed: List<MsmBo> = new List();

  /** Puts an object where its state says, at the tail (`update_lru_locked`). */
  update(bo: MsmBo): void {
    if (bo.pages !== "resident") this.unbacked.moveToTail(bo.onLru);
    else if (bo.pins > 0) bo.onLru.remove();
    else (bo.madv === "willneed" ? this.willneed : this.dontneed).moveToTail(bo.onLru);
  }
}
