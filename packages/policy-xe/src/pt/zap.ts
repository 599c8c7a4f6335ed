import type { XeVma } from "../vm/vm.ts";
import { NORMAL_SIZES } from "./sizes.ts";
import { nonsharedOffsets, type PtWalk, walkShared } from "./walk.ts";
import type { XePt } from "./xe-pt.ts";

/**
 * Clears the entries of a VMA at once (`xe_pt_zap_ptes`), those of whole tables at the entry that leads to them. The tables
 * stay, and the VMA counts as present: its unbind will clear, and invalidate, once more.
 *
 * @returns whether anything was cleared
 */
export function zapPtes(vma: XeVma): boolean {
  if ((vma.tilePresent & ~vma.tileInvalidated) === 0) return false;
  const { pt } = vma.vm;
  if (pt.root === null) {
    const what = `${vma.vm.gpuvm.name}: page tables are written after they were given back`;
    pt.machine.hazard("use-after-free", vma.vm.gpuvm.name, what);
    return false;
  }
  const walk = new Zap(vma);
  walkShared(pt.root, vma.start, vma.end, walk);
  pt.clear(vma.start, vma.end - vma.start);
  return walk.cleared;
}

class Zap implements PtWalk {
  readonly sizes = NORMAL_SIZES;
  readonly staging = false;
  sharedOnly = true;
  action: PtWalk["action"] = "subtree";
  child: XePt | null = null;
  cleared = false;
  readonly #vma: XeVma;

  constructor(vma: XeVma) {
    this.#vma = vma;
  }

  /** `xe_pt_zap_ptes_entry`. */
  entry(_parent: XePt | null, _offset: number, level: number, addr: number, next: number): number {
    const child = this.child as XePt;
    const own = nonsharedOffsets(addr, next, level - 1, this);
    if (own === null) return 0;
    const { pt, xe } = this.#vma.vm;
    pt.clearEntries(child, own.offset, own.end);
    xe.onEvent?.(["zap", child.level, own.offset, own.end - own.offset]);
    this.cleared = true;
    return 0;
  }
}
