import type { HazardKind } from "../machine/hazard.ts";
import type { RunningJob } from "./surroundings.ts";

/** What a GPU sees of a VM, as far as pages know it that entries there lead to; `GpuView` is the only one. */
export interface PagesView {
  /** The GPU may follow its entries at any time: nothing waits until they are written again. */
  readonly always: boolean;
}

/** Who is told when pages are taken from under somebody. */
export interface PagesWatch {
  /** Jobs that are in use, on a machine that watches. */
  readonly inUse: Iterable<RunningJob>;
  /** Something that must not happen did. */
  hazard(kind: HazardKind, object: string, detail: string): void;
}

/**
 * The pages that a range of a program's memory had when a driver asked for them (`struct drm_gpusvm_pages` after `hmm_range_fault`).
 * They are not pinned: the program's memory takes them away when it likes, once everybody who asked to be told has answered.
 */
export class UserPages {
  /** `user pages at 0x1000`. */
  readonly name: string;
  /** First address of the program. */
  readonly start: number;
  /** Address after the last. */
  readonly end: number;
  /** They are somebody else's by now. */
  gone = false;
  /** Page tables with entries that lead here, and how many runs of those each has. */
  readonly views: Map<PagesView, number> = new Map();
  /** Page tables of which the TLB may have entries that were cleared. */
  readonly cachedBy: Set<PagesView> = new Set();

  /** What was found in `[start, end)`. */
  constructor(start: number, end: number) {
    this.name = `user pages at 0x${start.toString(16)}`;
    this.start = start;
    this.end = end;
  }

  /** So many more runs of entries lead here; with a negative number fewer. */
  led(view: PagesView, runs: number): void {
    const now = (this.views.get(view) ?? 0) + runs;
    if (now > 0) this.views.set(view, now);
    else this.views.delete(view);
  }

  /** They are given to somebody else: the GPU must not be able to touch them any more. */
  go(machine: PagesWatch): void {
    const { name } = this;
    this.gone = true;
    for (const job of machine.inUse) {
      if (!this.views.has(job.pt as PagesView)) continue;
      const what = `${name} are given back while a job that may use them runs${job.believed}`;
      machine.hazard("use-after-free", name, what);
      break;
    }
    for (const { always } of this.views.keys()) {
      if (!always) continue;
      machine.hazard("stale-pte", name, `${name} are given back while page-table entries lead to them`);
      break;
    }
    if (this.cachedBy.size > 0)
      machine.hazard("stale-tlb", name, `${name} are given back before the TLB has forgotten their entries`);
  }
}
