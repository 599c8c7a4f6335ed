import { type DrmGpuvm, type Holder, USAGE_BOOKKEEP, USAGE_KERNEL } from "@gpuvm/core";
import { BindQueue, Kref } from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import { TlbInvalQueue } from "./tlb-inval-queue.ts";
import type { Xef } from "./xef.ts";

/**
 * A queue for binds (`xe_exec_queue_create_bind`): table updates run on it in order, and for each GT the invalidations of its
 * TLB behind them. It holds the VM that it binds in (`user_vm`): with the VM's own queue (`vm->q`) that is a loop, which the
 * VM's close breaks.
 */
export class BindExecQueue {
  /** References. */
  readonly kref: Kref;
  /** The VM that it binds in; counted until the last reference goes (`user_vm`). */
  readonly vm: { readonly gpuvm: DrmGpuvm };
  /** Updates of page tables. */
  readonly jobs: BindQueue;
  /** Invalidations, for each GT (`tlb_inval[].dep_scheduler`). */
  readonly tlb: readonly TlbInvalQueue[];
  /** Numbers of its fences, and of those of its invalidations: later ones stand for earlier ones. */
  readonly contexts: readonly number[];
  /** Updates so far. */
  seqno = 0;

  /** A queue with one reference, of `holder`; `file` for one that a program made. */
  constructor(xe: Xe, vm: { readonly gpuvm: DrmGpuvm }, holder: Holder, file: Xef | null) {
    const { machine } = xe;
    this.vm = vm;
    this.jobs = new BindQueue(machine, "xe bind");
    this.tlb = Array.from({ length: xe.platform.gtCount }, () => new TlbInvalQueue(machine));
    this.contexts = [machine.fenceContext(), ...this.tlb.map(() => machine.fenceContext())];
    const kref = new Kref(machine.dev, `queue#${machine.dev.serial()}`, holder, () => {
      // `xe_exec_queue_destroy`, then, in a worker, `xe_exec_queue_fini`.
      vm.gpuvm.put(kref);
      if (file === null) return;
      machine.queueWork("xe exec queue destroy", function* () {
        file.kref.put(kref);
      });
    });
    this.kref = kref;
    vm.gpuvm.get(kref);
    file?.kref.get(kref);
  }

  /** As what its fences stand in a dma_resv: work that replaces entries in use makes everything after it wait. */
  usage(waitVmBookkeep: boolean): number {
    return waitVmBookkeep ? USAGE_KERNEL : USAGE_BOOKKEEP;
  }
}
