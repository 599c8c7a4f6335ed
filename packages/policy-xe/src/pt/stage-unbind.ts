import { isAligned } from "@gpuvm/drm-model";
import type { XeVma } from "../vm/vm.ts";
import { NORMAL_SIZES } from "./sizes.ts";
import { type PtUpdate, WalkUpdates } from "./update.ts";
import { nonsharedOffsets, type PtWalk, walkShared } from "./walk.ts";
import type { XePt } from "./xe-pt.ts";

/**
 * What is to be cleared for a VMA (`xe_pt_stage_unbind`): entries in tables that others use. A table that only this VMA uses
 * is not touched: the entry that leads to it goes, and it with that.
 */
export function stageUnbind(vma: XeVma): readonly PtUpdate[] {
  const walk = new StageUnbind(vma.start, vma.end);
  walkShared(vma.vm.pt.root as XePt, vma.start, vma.end, walk);
  return walk.wupd.updates;
}

class StageUnbind implements PtWalk {
  readonly sizes = NORMAL_SIZES;
  readonly staging = true;
  sharedOnly = true;
  action: PtWalk["action"] = "subtree";
  child: XePt | null = null;
  readonly wupd = new WalkUpdates();
  /** The range, widened by what tables that go cover beyond it. */
  #start: number;
  #end: number;

  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
  }

  /** `xe_pt_stage_unbind_entry`. */
  entry(_parent: XePt | null, _offset: number, level: number, addr: number, next: number): number {
    this.#kills(addr, next, level - 1, this.child as XePt);
    return 0;
  }

  /** `xe_pt_stage_unbind_post_descend`. */
  postDescend(parent: XePt | null, child: XePt, level: number, addr: number, next: number): number {
    const size = this.sizes[level - 1] as number;
    const from = isAligned(addr, size) ? addr : this.#start;
    const to = isAligned(next, size) ? next : this.#end;
    // The root stays.
    if (parent !== null && this.#kills(from, to, level - 1, child)) return 0;
    const own = nonsharedOffsets(from, to, level - 1, this);
    if (own === null) return 0;
    const update = this.wupd.shared(child, own.offset) as PtUpdate;
    update.clear(own.end - own.offset);
    return 0;
  }

  /** Whether the range is all that a table has: then it goes (`xe_pt_check_kill`). */
  #kills(addr: number, next: number, level: number, child: XePt): boolean {
    const size = this.sizes[level] as number;
    if (!isAligned(addr, size) || !isAligned(next, size) || (next - addr) / size !== child.numLive)
      return false;
    const above = this.sizes[level + 1] as number;
    this.action = "continue";
    if (this.#start >= addr) this.#start = Math.floor(addr / above) * above;
    if (this.#end <= next) this.#end = Math.ceil(next / above) * above;
    return true;
  }
}
