import { type DmaFence, type DrmGpuvm, type Holder, USAGE_BOOKKEEP, USAGE_KERNEL } from "@gpuvm/core";
import { BindQueue, Kref, type Machine, SyncObj } from "@gpuvm/drm-model";
import { afterAll, stub } from "../exec/fences.ts";
import { TlbInvalQueue } from "../exec/tlb-inval-queue.ts";
import type { Xef } from "../xef.ts";

/**
 * A queue for binds (`xe_exec_queue_create_bind`): table updates run on it in order, and for each GT the invalidations of its
 * TLB behind them. It holds the VM that it binds in (`user_vm`): with the VM's own queue (`vm->q`) that is a loop, which the
 * VM's close breaks.
 */
export class BindExecQueue {
  /** References. */
  readonly kref: Kref;
  /** The VM that it binds in; counted until the last reference goes (`user_vm`). Null: the driver's own, for any VM (`m->q`). */
  readonly vm: { readonly gpuvm: DrmGpuvm } | null;
  readonly #machine: Machine;
  /** Updates of page tables. */
  readonly jobs: BindQueue;
  /** Invalidations, for each GT (`tlb_inval[].dep_scheduler`). */
  readonly tlb: readonly TlbInvalQueue[];
  /** Numbers of its fences, and of those of its invalidations: later ones stand for earlier ones. */
  readonly contexts: readonly number[];
  /** Updates so far. */
  seqno = 0;
  /** The last update (`q->last_fence`), and the last invalidation of each GT (`tlb_inval[].last_fence`). */
  lastFence: DmaFence | null = null;
  /** See {@link BindExecQueue.lastFence}. */
  readonly tlbLastFences: DmaFence[] = [];
  /**
   * User fences of its calls signal in their order: each is a point behind those before (`q->ufence_syncobj`, which has begun with a
   * fence that has signalled: with none it is the same).
   */
  readonly ufenceSyncobj: SyncObj = new SyncObj("ufence_syncobj");
  /** The last point (`q->ufence_timeline_value`). */
  ufenceTimelineValue = 0;

  /** A queue with one reference, of `holder`; `file` for one that a program made. */
  constructor(
    machine: Machine,
    gtCount: number,
    vm: { readonly gpuvm: DrmGpuvm } | null,
    holder: Holder,
    file: Xef | null,
  ) {
    this.#machine = machine;
    this.vm = vm;
    this.jobs = new BindQueue(machine, "xe bind");
    this.tlb = Array.from({ length: gtCount }, () => new TlbInvalQueue(machine));
    this.contexts = [machine.fenceContext(), ...this.tlb.map(() => machine.fenceContext())];
    const kref = new Kref(machine.dev, `queue#${machine.dev.serial()}`, holder, () => {
      // `xe_exec_queue_destroy`, then, in a worker, `xe_exec_queue_fini`.
      this.ufenceSyncobj.put();
      vm?.gpuvm.put(kref);
      if (file === null) return;
      machine.queueWork("xe exec queue destroy", function* () {
        file.kref.put(kref);
      });
    });
    this.kref = kref;
    vm?.gpuvm.get(kref);
    file?.kref.get(kref);
  }

  /** As what its fences stand in a dma_resv: work that replaces entries in use makes everything after it wait. */
  usage(waitVmBookkeep: boolean): number {
    return waitVmBookkeep ? USAGE_KERNEL : USAGE_BOOKKEEP;
  }

  /** Signals when this has, and when no TLB has anything that was cleared before. */
  afterTlbs(fence: DmaFence): DmaFence {
    for (const last of this.tlbLastFences)
      if (!last.signaled) return afterAll(this.#machine, [fence, ...this.tlbLastFences]);
    return fence;
  }

  /** Signals when everything that was given to it so far is done (`xe_sync_in_fence_get`, of a bind queue). */
  inFence(): DmaFence {
    return this.afterTlbs(this.lastFence ?? stub(this.#machine));
  }
}
