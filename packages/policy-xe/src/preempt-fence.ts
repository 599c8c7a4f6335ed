import { DmaFence, type DmaResv, type DrmDevice, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { noteUse, waitResv } from "@gpuvm/drm-model";
import type { XeVm } from "./vm.ts";

/**
 * Signals when a queue has been taken off the GPU, which somebody must want first (`struct xe_preempt_fence`): a job of
 * long-running work has no end to wait for.
 */
export class PreemptFence extends DmaFence {
  readonly #vm: XeVm;
  readonly #suspended: (vm: XeVm) => void;
  #enabled = false;

  /** The fence of one run of a queue. `suspended` runs when the queue is off the GPU. */
  constructor(vm: XeVm, suspended: (vm: XeVm) => void) {
    super(vm.file.machine.fenceContext(), 1);
    this.#vm = vm;
    this.#suspended = suspended;
    // The queue runs, on whatever is mapped, until it is suspended.
    noteUse(vm.file.machine, this, { vm: vm.record, keeps: "now", settled: false });
  }

  /** Somebody waits: the queue is suspended, and the VM's rebind worker brings it back (`preempt_fence_enable_signaling`). */
  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    const vm = this.#vm;
    const { machine } = vm.file;
    vm.gpuvm.get(this);
    machine.queueWork("xe preempt_fence_work", () => this.#suspend());
  }

  *#suspend(): Steps<void> {
    const vm = this.#vm;
    this.signal();
    this.#suspended(vm);
    vm.gpuvm.put(this);
  }
}

/** Lets a fence know that somebody waits (`dma_fence_enable_sw_signaling`). */
export function enableSignaling(fence: DmaFence): void {
  if (fence instanceof PreemptFence) fence.enable();
}

/** Waits for everything on a dma_resv, preempting what would not end (`dma_resv_wait_timeout`, BOOKKEEP). */
export function* waitIdle(dev: DrmDevice, resv: DmaResv, label: string): Steps<void> {
  if (resv.busy(USAGE_BOOKKEEP) === null) return;
  for (const { fence } of resv.pending()) enableSignaling(fence);
  yield* waitResv(dev, resv, USAGE_BOOKKEEP, label);
}
