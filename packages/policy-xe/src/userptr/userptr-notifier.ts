import { type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { IntervalNotifier, type IntervalNotifierOps, lock, unlock } from "@gpuvm/drm-model";
import { enableSignaling, waitIdle } from "../preempt/preempt-fence.ts";
import { invalidateVma, invalidateVmaSubmit, tlbInvalBatchWait } from "../pt/invalidate.ts";
import type { XeVma } from "../vm/vm.ts";
import { XeUserptr } from "./userptr.ts";

/** Asks to be told of a mapping's memory (`xe_userptr_setup`). */
export function userptrSetup(vma: XeVma, start: number, range: number): XeUserptr {
  const { vm } = vma;
  vm.userptr ??= { invalidated: new Set(), repin: new Set() };
  const { memory } = vm.file.process;
  const notifier = new IntervalNotifier(memory, start, start + range, new UserptrNotifier(vma));
  return new XeUserptr(start, notifier);
}

/**
 * The memory of a mapping changes (`vma_userptr_notifier_ops`). It is not pinned, so it may only go when the GPU can't reach it:
 * work is waited for, or preempted, and who submits next looks it up again; with page faults the entries are cleared.
 */
class UserptrNotifier implements IntervalNotifierOps {
  readonly #vma: XeVma;

  constructor(vma: XeVma) {
    this.#vma = vma;
  }

  /** `xe_vma_userptr_invalidate_start`. */
  *invalidateStart(seq: object): Steps<boolean> {
    const { vm } = this.#vma;
    const { dev } = vm.gpuvm;
    const userptr = this.#vma.userptr as XeUserptr;
    yield* lock(dev, vm.notifierLock, "xe_vma_userptr_invalidate_start");
    userptr.notifier.setSeq(seq);
    const more = yield* this.#pass1(userptr);
    unlock(dev, vm.notifierLock);
    return more;
  }

  /** `xe_vma_userptr_invalidate_finish`. */
  *invalidateFinish(): Steps<void> {
    const { vm } = this.#vma;
    const { dev } = vm.gpuvm;
    const userptr = this.#vma.userptr as XeUserptr;
    yield* lock(dev, vm.notifierLock, "xe_vma_userptr_invalidate_finish");
    if (userptr.tlbInvalSubmitted) {
      // `xe_vma_userptr_complete_tlb_inval`
      tlbInvalBatchWait(vm);
      userptr.tlbInvalSubmitted = false;
      userptr.finishInuse = false;
      userptr.unmapPages(vm.xe.machine);
    } else yield* this.#doInval(userptr, true);
    unlock(dev, vm.notifierLock);
  }

  /** `xe_vma_userptr_invalidate_pass1`. @returns whether there is more to do when the others have begun */
  *#pass1(userptr: XeUserptr): Steps<boolean> {
    const vma = this.#vma;
    const { vm } = vma;
    if (!vm.faultMode && !vma.destroyed) {
      vm.userptr?.invalidated.delete(vma);
      vm.userptr?.invalidated.add(vma);
    }
    const { resv } = vm.gpuvm;
    const idle = resv.busy(USAGE_BOOKKEEP) === null;
    if (!idle) for (const { fence } of resv.pending()) enableSignaling(fence);
    if (idle || userptr.finishInuse) return yield* this.#doInval(userptr, false);
    userptr.finishInuse = true;
    return true;
  }

  /** `xe_vma_userptr_do_inval`. @returns whether the TLB is still to be waited for */
  *#doInval(userptr: XeUserptr, deferred: boolean): Steps<boolean> {
    const vma = this.#vma;
    const { vm } = vma;
    yield* waitIdle(vm.gpuvm.dev, vm.gpuvm.resv, "xe_vma_userptr_do_inval");
    if (vm.faultMode && userptr.initialBind) {
      if (!userptr.finishInuse) {
        userptr.finishInuse = true;
        userptr.tlbInvalSubmitted = true;
        invalidateVmaSubmit(vma);
        return true;
      }
      invalidateVma(vma);
    }
    if (deferred) userptr.finishInuse = false;
    userptr.unmapPages(vm.xe.machine);
    return false;
  }
}
