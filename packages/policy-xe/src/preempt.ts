import {
  DmaFence,
  type DmaResv,
  type DrmDevice,
  DrmExec,
  gpuvmPrepareObjects,
  gpuvmPrepareVm,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { lock, unlock, waitResv } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import type { XeQueue } from "./queue.ts";
import { validateRebind } from "./rebind.ts";
import type { XeVm } from "./vm.ts";

/** The queues of a VM that are preempted when something has to move (`vm->preempt`). */
export interface PreemptState {
  /** Queues with their preempt fence. */
  readonly queues: Map<XeQueue, PreemptFence>;
  /** A rebind worker is queued. */
  pending: boolean;
}

/**
 * Signals when a queue has been taken off the GPU, which somebody must want first (`struct xe_preempt_fence`): a job of
 * long-running work has no end to wait for.
 */
export class PreemptFence extends DmaFence {
  readonly #vm: XeVm;
  #enabled = false;

  /** The fence of one run of a queue. */
  constructor(vm: XeVm) {
    super(vm.file.machine.fenceContext(), 1);
    this.#vm = vm;
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
    queueRebind(vm);
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

/** A new external object must not move under running queues either (`add_preempt_fences`). Its dma_resv is held. */
export function addPreemptFences(vm: XeVm, bo: XeBo): void {
  if (vm.preempt === null || vm.preempt.queues.size === 0) return;
  bo.resv.reserve(vm.preempt.queues.size);
  for (const fence of vm.preempt.queues.values()) bo.resv.addFence(fence, USAGE_BOOKKEEP);
}

/** A queue starts to run in a VM whose work is preempted (`xe_vm_add_compute_exec_queue`). */
export function* addComputeQueue(vm: XeVm, queue: XeQueue): Steps<void> {
  if (vm.preempt === null) return;
  const { dev } = vm.gpuvm;
  yield* lock(dev, vm.lock, "xe_vm_add_compute_exec_queue");
  const exec = yield* lockAll(vm);
  const fence = new PreemptFence(vm);
  vm.preempt.queues.set(queue, fence);
  exec.addFence(fence, USAGE_BOOKKEEP);
  exec.fini();
  unlock(dev, vm.lock);
}

/** A queue goes (`xe_vm_remove_compute_exec_queue`). */
export function removeComputeQueue(vm: XeVm, queue: XeQueue): void {
  const fence = vm.preempt?.queues.get(queue);
  if (fence === undefined) return;
  vm.preempt?.queues.delete(queue);
  fence.enable();
}

function* lockAll(vm: XeVm): Steps<DrmExec> {
  const exec = new DrmExec(vm.gpuvm.dev);
  while (exec.untilAllLocked()) {
    yield* gpuvmPrepareVm(vm.gpuvm, exec, 1);
    if (exec.contended !== null) continue;
    yield* gpuvmPrepareObjects(vm.gpuvm, exec, 1);
  }
  return exec;
}

function queueRebind(vm: XeVm): void {
  const state = vm.preempt;
  if (state === null || state.pending) return;
  state.pending = true;
  vm.gpuvm.get(rebindWorker);
  vm.file.machine.queueWork("xe preempt_rebind_work", () => rebindWork(vm));
}

const rebindWorker = "preempt_rebind_work";

/** `preempt_rebind_work_func`: makes everything resident and bound again, then lets the queues run. */
function* rebindWork(vm: XeVm): Steps<void> {
  const { dev } = vm.gpuvm;
  const state = vm.preempt as PreemptState;
  yield* lock(dev, vm.lock, "preempt_rebind_work_func");
  state.pending = false;
  if (vm.size !== 0 && state.queues.size > 0) {
    const exec = yield* lockAll(vm);
    const ret = yield* validateRebind(vm, exec, state.queues.size, true);
    if (ret === 0) {
      for (const [queue, old] of state.queues) {
        if (!old.signaled) continue;
        const fence = new PreemptFence(vm);
        state.queues.set(queue, fence);
        exec.addFence(fence, USAGE_BOOKKEEP);
      }
    }
    exec.fini();
  }
  unlock(dev, vm.lock);
  vm.gpuvm.put(rebindWorker);
}
