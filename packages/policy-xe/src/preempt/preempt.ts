import {
  DrmExec,
  EAGAIN,
  ENOMEM,
  type Errno,
  ETIME,
  gpuvmPrepareObjects,
  gpuvmPrepareVm,
  type Steps,
  USAGE_BOOKKEEP,
  USAGE_KERNEL,
} from "@gpuvm/core";
import { lock, lockBriefly, unlock, waitFence, waitResv } from "@gpuvm/drm-model";
import type { XeQueue } from "../exec/exec-queue.ts";
import { kill } from "../exec/queue-kill.ts";
import { needsRepin } from "../userptr/userptr.ts";
import { userptrPin } from "../userptr/userptr-pin.ts";
import { rebind, validateRebind } from "../vm/rebind.ts";
import type { PreemptState, XeVm } from "../vm/vm.ts";
import { enableSignaling, PreemptFence } from "./preempt-fence.ts";
import { fencesWaiting } from "./preempt-state.ts";

/**
 * A queue starts to run in a VM whose work is preempted (`xe_vm_add_compute_exec_queue`). If others are being preempted, it
 * is, too: all come back together.
 *
 * @returns 0 or -ENOMEM
 */
export function* addComputeQueue(vm: XeVm, queue: XeQueue): Steps<Errno> {
  const state = vm.preempt;
  if (state === null) return 0;
  const { dev } = vm.gpuvm;
  yield* lock(dev, vm.lock, "xe_vm_add_compute_exec_queue");
  const exec = yield* lockAll(vm);
  if (!dev.mayAlloc("xe preempt fence")) {
    exec.fini();
    unlock(dev, vm.lock);
    return -ENOMEM;
  }
  const fence = new PreemptFence(queue, () => queueRebindWorker(vm), false);
  queue.pfence = fence;
  state.queues.unshift(queue);
  if (vm.userptr !== null) yield* lockBriefly(dev, vm.notifierLock, "xe_vm_add_compute_exec_queue");
  exec.addFence(fence, USAGE_BOOKKEEP);
  if (needsRepin(vm.userptr) || fencesWaiting(state)) fence.enable();
  if (vm.userptr !== null) unlock(dev, vm.notifierLock);
  exec.fini();
  unlock(dev, vm.lock);
  return 0;
}

/** A queue goes (`xe_vm_remove_compute_exec_queue`). */
export function* removeComputeQueue(vm: XeVm, queue: XeQueue): Steps<void> {
  const state = vm.preempt;
  if (state === null) return;
  const { dev } = vm.gpuvm;
  yield* lock(dev, vm.lock, "xe_vm_remove_compute_exec_queue");
  state.queues = state.queues.filter((other) => other !== queue);
  queue.pfence?.enable();
  queue.pfence = null;
  unlock(dev, vm.lock);
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

/** `xe_vm_queue_rebind_worker`. The worker holds no reference on the VM: the VM's close waits for it. */
function queueRebindWorker(vm: XeVm): void {
  const state = vm.preempt;
  if (state === null || state.pending) return;
  state.pending = true;
  vm.xe.machine.queueWork("xe preempt_rebind_work", () => rebindWork(vm, state));
}

/** A batch was submitted: what nobody needed before is done now (`xe_vm_reactivate_rebind`). */
export function reactivateRebind(vm: XeVm): void {
  if (vm.preempt === null || !vm.preempt.deactivated) return;
  vm.preempt.deactivated = false;
  queueRebindWorker(vm);
}

/** Waits until the worker is not running (`flush_work`). */
export function* flushRebindWork(vm: XeVm): Steps<void> {
  const state = vm.preempt;
  if (state === null) return;
  const { dev } = vm.gpuvm;
  if (dev.waitsUntil(() => !state.pending, "flush_work")) yield dev.point;
}

/**
 * `preempt_rebind_work_func`: makes everything resident and bound again, then lets the queues run. What can't be brought back
 * ends the VM (`xe_vm_kill`).
 */
function* rebindWork(vm: XeVm, state: PreemptState): Steps<void> {
  const { dev } = vm.gpuvm;
  yield* lock(dev, vm.lock, "preempt_rebind_work_func");
  // Whoever wants it from here on queues it again.
  state.pending = false;
  let ret: Errno = 0;
  if (!vm.closedOrBanned) {
    const fences = { allocated: 0 };
    do ret = yield* rebindAndResume(vm, state, fences);
    while (ret === -EAGAIN);
  }
  if (ret !== 0) yield* vmKill(vm);
  unlock(dev, vm.lock);
}

/** @returns 0, also if there is nothing to do; -EAGAIN to begin anew; another -errno if the VM can't go on */
function* rebindAndResume(vm: XeVm, state: PreemptState, fences: { allocated: number }): Steps<Errno> {
  const err = needsRepin(vm.userptr) ? yield* userptrPin(vm) : 0;
  if (err !== 0) return err;
  const exec = new DrmExec(vm.gpuvm.dev);
  let begun: Errno | "done" = "done";
  while (exec.untilAllLocked()) {
    begun = yield* workBegin(vm, state, exec);
    if (exec.contended !== null) continue;
    if (begun !== 0) break;
  }
  let ret = begun;
  if (ret === 0) ret = allocFences(vm, state, fences);
  if (ret === 0) ret = yield* resume(vm, state, exec);
  exec.fini();
  return ret === "done" ? 0 : ret;
}

/**
 * Locks everything, waits until the queues are off the GPU, and brings back what moved (`xe_preempt_work_begin`).
 *
 * @returns `done` if there is nothing to do
 */
function* workBegin(vm: XeVm, state: PreemptState, exec: DrmExec): Steps<Errno | "done"> {
  const { dev } = vm.gpuvm;
  yield* gpuvmPrepareVm(vm.gpuvm, exec, 1);
  if (exec.contended !== null) return 0;
  if (state.queues.every(({ idle }) => idle)) {
    state.deactivated = true;
    return "done";
  }
  if (!fencesWaiting(state)) return "done";
  yield* gpuvmPrepareObjects(vm.gpuvm, exec, 1);
  if (exec.contended !== null) return 0;
  for (const queue of state.queues) {
    const { pfence } = queue;
    if (pfence === null) continue;
    enableSignaling(pfence);
    yield* waitFence(dev, pfence, "wait_for_existing_preempt_fences");
    if (pfence.error === -ETIME) return -ETIME;
    queue.pfence = null;
  }
  return yield* validateRebind(vm, exec, Math.max(1, state.queues.length));
}

/** New fences, one for each queue; those of an attempt before are kept (`alloc_preempt_fences`). */
function allocFences(vm: XeVm, { queues }: PreemptState, fences: { allocated: number }): Errno {
  for (; fences.allocated < queues.length; fences.allocated++)
    if (!vm.gpuvm.dev.mayAlloc("xe preempt fence")) return -ENOMEM;
  return 0;
}

/** Binds what moved, and lets the queues run. */
function* resume(vm: XeVm, state: PreemptState, exec: DrmExec): Steps<Errno> {
  const { dev, resv } = vm.gpuvm;
  const ret = yield* rebind(vm, true);
  if (ret !== 0) return ret;
  // Rebinds and unbinds have to be done before anything runs.
  yield* waitResv(dev, resv, USAGE_KERNEL, "preempt_rebind_work_func");
  if (vm.userptr !== null) {
    yield* lock(dev, vm.notifierLock, "preempt_rebind_work_func");
    if (needsRepin(vm.userptr)) {
      unlock(dev, vm.notifierLock);
      return -EAGAIN;
    }
  }
  vm.xe.ttm.bump(vm, exec.objects);
  for (const queue of state.queues) {
    // Binds of the program's are its affair.
    const settled = vm.ranges.every((range) => range.rebind || range.fence.signaled);
    const pfence = new PreemptFence(queue, () => queueRebindWorker(vm), settled);
    queue.pfence = pfence;
    if (queue.suspended && !queue.reset) {
      queue.suspended = false;
      // A context that comes back has no translations of before: rebinds of long-running work count on that.
      vm.pt.forget();
      vm.xe.onEvent?.(["queue resume"]);
      if (!queue.idle) pfence.uses?.starts();
    }
    pfence.uses?.resumes();
    exec.addFence(pfence, USAGE_BOOKKEEP);
  }
  if (vm.userptr !== null) unlock(dev, vm.notifierLock);
  return 0;
}

/** A VM can't go on (`xe_vm_kill`): it is banned, and its queues are killed. */
function* vmKill(vm: XeVm): Steps<void> {
  const { dev, resv } = vm.gpuvm;
  yield* lock(dev, resv, "xe_vm_kill");
  vm.banned = true;
  for (const queue of vm.preempt?.queues ?? []) kill(queue);
  unlock(dev, resv);
}
