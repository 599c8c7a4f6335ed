import { DrmExec, gpuvmPrepareObjects, gpuvmPrepareVm, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import { PreemptFence } from "./preempt-fence.ts";
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
  const fence = new PreemptFence(vm, queueRebind);
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
        const fence = new PreemptFence(vm, queueRebind);
        state.queues.set(queue, fence);
        exec.addFence(fence, USAGE_BOOKKEEP);
      }
    }
    exec.fini();
  }
  unlock(dev, vm.lock);
  vm.gpuvm.put(rebindWorker);
}
