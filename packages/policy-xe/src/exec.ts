import {
  type DmaFence,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  type DrmExec,
  EAGAIN,
  ECANCELED,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  GpuvmExec,
  type Steps,
  USAGE_BOOKKEEP,
  USAGE_KERNEL,
} from "@gpuvm/core";
import { countSubmit, type Exec, lock, unlock } from "@gpuvm/drm-model";
import { BindExecQueue } from "./bind-exec-queue.ts";
import type { Xe } from "./device.ts";
import type { XeQueue } from "./exec-queue.ts";
import { armJob, newJob, pushJob, putJob } from "./job.ts";
import { reactivateRebind } from "./preempt.ts";
import { validateRebind } from "./rebind.ts";
import { needsRepin } from "./userptr.ts";
import { userptrPin } from "./userptr-pin.ts";
import type { XeFile } from "./xe-file.ts";

/** `xe_exec_ioctl`: everything mapped in the queue's VM is in use. */
export function* execIoctl(xe: Xe, file: XeFile, req: Exec): Steps<Errno> {
  const queue = file.queues.get(req.queue ?? 0);
  if (queue === undefined) return -ENOENT;
  if (queue instanceof BindExecQueue) return -EINVAL;
  queue.kref.get("ioctl");
  let objects = 0;
  const ret = yield* countSubmit(
    xe.machine,
    () => submit(xe, queue, req, (n) => (objects = n)),
    () => objects,
  );
  // X9: some early exits forgot the queue.
  if (ret === 0 || !xe.defects.has("X9")) queue.kref.put("ioctl");
  return ret;
}

function* submit(xe: Xe, queue: XeQueue, req: Exec, counted: (n: number) => void): Steps<Errno> {
  const { dev } = xe.machine;
  const { vm } = queue;
  if (queue.reset) return -ECANCELED;
  let ret: Errno;
  do {
    const repin = !vm.lrMode && needsRepin(vm.userptr);
    yield* lock(dev, vm.lock, "xe_exec_ioctl");
    ret = repin ? yield* userptrPin(vm) : 0;
    if (ret === 0) ret = yield* submitPinned(xe, queue, req, counted);
    unlock(dev, vm.lock);
  } while (ret === -EAGAIN);
  return ret;
}

/** The program's own memory was looked up, as far as that was known to be needed. */
function submitPinned(xe: Xe, queue: XeQueue, req: Exec, counted: (n: number) => void): Steps<Errno> {
  if (req.batches === 0) return onlySyncs(xe, queue);
  return queue.vm.lrMode ? longRunning(queue) : work(queue, counted);
}

/** Nothing runs: fences of what came before are collected for the syncs, on a closed VM, too. */
function* onlySyncs(xe: Xe, { vm }: XeQueue): Steps<Errno> {
  const { dev } = xe.machine;
  yield* lock(dev, vm.gpuvm.resv, "xe_exec_ioctl");
  const collected = vm.lrMode || dev.mayAlloc("xe in fence");
  // X8: the lock was forgotten where that failed.
  if (collected || !xe.defects.has("X8")) unlock(dev, vm.gpuvm.resv);
  return collected ? 0 : -ENOMEM;
}

/** Nothing is locked: preempt fences keep everything in its place. */
function* longRunning(queue: XeQueue): Steps<Errno> {
  const { vm } = queue;
  if (vm.closedOrBanned) return -ECANCELED;
  const job = newJob(queue);
  if (job === null) return -ENOMEM;
  armJob(queue, job);
  pushJob(queue, job, []);
  reactivateRebind(vm);
  return 0;
}

function* work(queue: XeQueue, counted: (n: number) => void): Steps<Errno> {
  const { vm } = queue;
  const vmExec = new GpuvmExec(vm.gpuvm, DRM_EXEC_INTERRUPTIBLE_WAIT, 1);
  // `xe_exec_fn`
  vmExec.extra = (exec) => validateRebind(vm, exec, 1);
  const ret = yield* vmExec.lock();
  if (ret !== 0) return ret;
  const exec = vmExec.exec as DrmExec;
  const err = yield* submitLocked(queue, vmExec, exec);
  counted(exec.objects.length);
  vmExec.unlock();
  return err;
}

function* submitLocked(queue: XeQueue, vmExec: GpuvmExec, exec: DrmExec): Steps<Errno> {
  const { vm } = queue;
  if (vm.closedOrBanned) return -ECANCELED;
  const job = newJob(queue);
  if (job === null) return -ENOMEM;
  const after = kernelFences(exec);
  const { dev } = vm.gpuvm;
  const notified = vm.userptr !== null;
  if (notified) {
    yield* lock(dev, vm.notifierLock, "xe_exec_ioctl");
    if (needsRepin(vm.userptr)) {
      unlock(dev, vm.notifierLock);
      putJob(queue, job);
      return -EAGAIN;
    }
  }
  armJob(queue, job);
  vmExec.addFence(job.fence, USAGE_BOOKKEEP, USAGE_BOOKKEEP);
  pushJob(queue, job, after);
  vm.xe.ttm.bump(vm, exec.objects);
  if (notified) unlock(dev, vm.notifierLock);
  return 0;
}

/** The job waits behind rebinds and moves of everything that it may use. */
function kernelFences(exec: DrmExec): DmaFence[] {
  const after: DmaFence[] = [];
  for (const { resv } of exec.objects) {
    if (resv.busy(USAGE_KERNEL) === null) continue;
    for (const pending of resv.pending()) if (pending.usage === USAGE_KERNEL) after.push(pending.fence);
  }
  return after;
}
