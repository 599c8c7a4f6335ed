import type { IntervalNotifier, PagesWatch, UserPages } from "@gpuvm/drm-model";

/**
 * The program's own memory in a mapping (`struct xe_userptr`).
 *
 * # Invariants
 * All but the seqno is protected by the VM's notifier lock. What `pages` says is good as long as `mapped` and the notifier's
 * seqno is the one that was noted with it.
 */
export class XeUserptr {
  /** First address of the program; page-aligned. */
  readonly start: number;
  /** Is told when the memory changes. */
  readonly notifier: IntervalNotifier;
  /** What was found last (`pages.dma_addr`); null: nothing yet. */
  pages: UserPages | null = null;
  /** These are mapped for the device (`pages.flags.has_dma_mapping`). */
  mapped = false;
  /** What the notifier had been told of by then (`pages.notifier_seq`). */
  pagesSeq: object | null = null;
  /** A second pass of an invalidation is under way (`finish_inuse`). */
  finishInuse = false;
  /** Its first pass has asked the TLB to forget, and nobody has waited for that (`tlb_inval_submitted`). */
  tlbInvalSubmitted = false;
  /** Entries were written for it at least once (`initial_bind`). */
  initialBind = false;

  /** Nothing was looked up yet (`drm_gpusvm_init_pages`). */
  constructor(start: number, notifier: IntervalNotifier) {
    this.start = start;
    this.notifier = notifier;
  }

  /** What is mapped is given back (`drm_gpusvm_unmap_pages`). The notifier lock is held. */
  unmapPages(machine: PagesWatch): void {
    this.mapped = false;
    if (this.pages !== null) this.notifier.memory.release(machine, this.pages);
  }

  /** The memory has changed since it was looked up (`xe_vma_userptr_check_repin`). */
  get stale(): boolean {
    return this.notifier.readRetry(this.pagesSeq);
  }
}

/** Mappings of a VM whose memory has changed (`struct xe_userptr_vm`). */
export interface UserptrLists<V> {
  /** Found by nobody yet (`userptr.invalidated`). */
  readonly invalidated: Set<V>;
  /** Being looked up again (`userptr.repin_list`). */
  readonly repin: Set<V>;
}

/** Whether some need to be looked up and bound again (`__xe_vm_userptr_needs_repin`, `xe_vm_userptr_check_repin`). */
export function needsRepin(lists: UserptrLists<unknown> | null): boolean {
  return lists !== null && (lists.repin.size > 0 || lists.invalidated.size > 0);
}
