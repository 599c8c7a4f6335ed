import {
  type DmaFence,
  type DmaResv,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  type DrmExec,
  EAGAIN,
  ECANCELED,
  EINVAL,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  type Errno,
  GpuvmExec,
  type Steps,
  USAGE_BOOKKEEP,
  USAGE_KERNEL,
} from "@gpuvm/core";
import { countSubmit, type Exec, lock, unlock } from "@gpuvm/drm-model";
import { BindExecQueue } from "../bind/bind-exec-queue.ts";
import type { Xe } from "../device.ts";
import { reactivateRebind } from "../preempt/preempt.ts";
import { tooManySyncs, XeSyncs } from "../sync/sync.ts";
import { needsRepin } from "../userptr/userptr.ts";
import { userptrPin } from "../userptr/userptr-pin.ts";
import { validateRebind } from "../vm/rebind.ts";
import type { XeFile } from "../xe-file.ts";
import type { XeQueue } from "./exec-queue.ts";
import { stub } from "./fences.ts";
import { armJob, newJob, pushJob, putJob } from "./job.ts";

/** `xe_exec_ioctl`: everything mapped in the queue's VM is in use. */
export function* execIoctl(xe: Xe, file: XeFile, req: Exec): Steps<Errno> {
  if (tooManySyncs(req)) return -EINVAL;
  const queue = file.queues.get(req.queue ?? 0);
  if (queue === undefined) return -ENOENT;
  if (queue instanceof BindExecQueue) return -EINVAL;
  queue.kref.get("ioctl");
  const ret = yield* countSubmit(xe.machine, () => submitSynced(xe, file, queue, req));
  // X9: some early exits forgot the queue.
  if (ret === 0 || !xe.defects.has("X9")) queue.kref.put("ioctl");
  return ret;
}

/** Looks up what the call waits for and signals, submits, and lets it go again. */
function* submitSynced(xe: Xe, file: XeFile, queue: XeQueue, req: Exec): Steps<Errno> {
  if (queue.reset) return -ECANCELED;
  const syncs = new XeSyncs(xe);
  let ret: Errno = 0;
  if (req.syncOps !== undefined) {
    ret = syncs.parse(req.syncOps.flat(), {
      syncobjs: file.syncobjs,
      memory: file.process.memory,
      exec: true,
      lrMode: queue.vm.lrMode,
      disallowUserFence: false,
      ufences: null,
    });
  }
  if (ret === 0) ret = yield* submit(xe, queue, req, syncs);
  syncs.cleanup();
  return ret;
}

function* submit(xe: Xe, queue: XeQueue, req: Exec, syncs: XeSyncs): Steps<Errno> {
  const { dev } = xe.machine;
  const { vm } = queue;
  let ret: Errno;
  do {
    const repin = !vm.lrMode && needsRepin(vm.userptr);
    yield* lock(dev, vm.lock, "xe_exec_ioctl");
    ret = repin ? yield* userptrPin(vm) : 0;
    if (ret === 0) ret = yield* submitPinned(xe, queue, req, syncs);
    unlock(dev, vm.lock);
  } while (ret === -EAGAIN);
  return ret;
}

/** The program's own memory was looked up, as far as that was known to be needed. */
function submitPinned(xe: Xe, queue: XeQueue, req: Exec, syncs: XeSyncs): Steps<Errno> {
  if (req.batches === 0) return onlySyncs(xe, queue, syncs);
  return queue.vm.lrMode ? longRunning(queue, syncs) : work(queue, syncs);
}

/**
 * Nothing runs: the syncs signal when what came before on the queue is done (`xe_sync_in_fence_get`), on a closed VM, too. To
 * wait for something there would have to be work.
 */
function* onlySyncs(xe: Xe, queue: XeQueue, syncs: XeSyncs): Steps<Errno> {
  const { dev } = xe.machine;
  const { vm } = queue;
  yield* lock(dev, vm.gpuvm.resv, "xe_exec_ioctl");
  const refused = !vm.lrMode && syncs.waits;
  if (!vm.lrMode && !refused) {
    const { lastFence } = queue;
    const fence = lastFence === null || lastFence.signaled ? stub(xe.machine) : lastFence;
    syncs.signal(fence);
    queue.lastFence = fence;
  }
  // X8: the lock was forgotten where that failed.
  if (!refused || !xe.defects.has("X8")) unlock(dev, vm.gpuvm.resv);
  return refused ? -EOPNOTSUPP : 0;
}

/** Nothing is locked: preempt fences keep everything in its place. */
function* longRunning(queue: XeQueue, syncs: XeSyncs): Steps<Errno> {
  const { vm } = queue;
  if (vm.closedOrBanned) return -ECANCELED;
  const job = newJob(queue);
  if (job === null) return -ENOMEM;
  armJob(queue, job);
  job.word = syncs.word;
  pushJob(queue, job, syncs.inFences);
  reactivateRebind(vm);
  return 0;
}

function* work(queue: XeQueue, syncs: XeSyncs): Steps<Errno> {
  const { vm } = queue;
  const vmExec = new GpuvmExec(vm.gpuvm, DRM_EXEC_INTERRUPTIBLE_WAIT, 1);
  // `xe_exec_fn`
  vmExec.extra = (exec) => validateRebind(vm, exec, 1);
  const ret = yield* vmExec.lock();
  if (ret !== 0) return ret;
  const exec = vmExec.exec as DrmExec;
  const err = yield* submitLocked(queue, syncs, vmExec, exec);
  vm.xe.machine.dev.current.objects = exec.objects.length;
  vmExec.unlock();
  return err;
}

function* submitLocked(queue: XeQueue, syncs: XeSyncs, vmExec: GpuvmExec, exec: DrmExec): Steps<Errno> {
  const { vm } = queue;
  if (vm.closedOrBanned) return -ECANCELED;
  const job = newJob(queue);
  if (job === null) return -ENOMEM;
  const after = kernelFences(exec);
  for (const fence of syncs.inFences) after.push(fence);
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
  syncs.signal(job.fence);
  job.word = syncs.word;
  queue.lastFence = job.fence;
  pushJob(queue, job, after);
  vm.xe.ttm.bump(vm, exec.objects);
  if (notified) unlock(dev, vm.notifierLock);
  return 0;
}

/** The job waits behind rebinds and moves of everything that it may use. */
function kernelFences(exec: DrmExec): DmaFence[] {
  const after: DmaFence[] = [];
  for (const { resv } of exec.objects) if (resv.busy(USAGE_KERNEL) !== null) addKernelFences(resv, after);
  return after;
}

function addKernelFences(resv: DmaResv, after: DmaFence[]): void {
  resv.each(USAGE_KERNEL, (fence) => {
    if (!fence.signaled) after.push(fence);
  });
}
