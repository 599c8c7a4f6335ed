import {
  type DmaFence,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  ECANCELED,
  ENOENT,
  ENOMEM,
  type Errno,
  GpuvmExec,
  type Steps,
  USAGE_BOOKKEEP,
  USAGE_KERNEL,
} from "@gpuvm/core";
import { countSubmit, type Exec, lock, noteUse, unlock } from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import type { XeQueue } from "./queue.ts";
import { validateRebind } from "./rebind.ts";
import type { XeFile } from "./xe-file.ts";

/** `xe_exec_ioctl`: everything mapped in the queue's VM is in use. */
export function* execIoctl(xe: Xe, file: XeFile, req: Exec): Steps<Errno> {
  const queue = file.queues.get(req.queue ?? 0);
  if (queue === undefined) return -ENOENT;
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
  const { machine } = xe;
  const { dev } = machine;
  const { vm } = queue;
  yield* lock(dev, vm.lock, "xe_exec_ioctl");
  if (vm.size === 0) {
    unlock(dev, vm.lock);
    return -ECANCELED;
  }
  if (vm.lrMode) {
    // Nothing is locked: preempt fences keep everything in its place.
    const job = newJob(xe, queue);
    if (job !== null) push(xe, queue, job, req, []);
    unlock(dev, vm.lock);
    return job === null ? -ENOMEM : 0;
  }
  if (req.batches === 0) {
    yield* lock(dev, vm.gpuvm.resv, "xe_exec_ioctl");
    const job = newJob(xe, queue);
    if (job !== null) push(xe, queue, job, req, []);
    if (job !== null || !xe.defects.has("X8")) unlock(dev, vm.gpuvm.resv);
    unlock(dev, vm.lock);
    return job === null ? -ENOMEM : 0;
  }
  const vmExec = new GpuvmExec(vm.gpuvm, DRM_EXEC_INTERRUPTIBLE_WAIT, 1);
  // `xe_exec_fn`
  vmExec.extra = (exec) => validateRebind(vm, exec, 1);
  let ret = yield* vmExec.lock();
  if (ret === 0) {
    const exec = vmExec.exec as NonNullable<GpuvmExec["exec"]>;
    counted(exec.objects.length);
    const job = newJob(xe, queue);
    if (job === null) ret = -ENOMEM;
    else {
      // The job waits behind rebinds and moves.
      const after: DmaFence[] = [];
      for (const { resv } of exec.objects) {
        if (resv.busy(USAGE_KERNEL) === null) continue;
        for (const pending of resv.pending()) if (pending.usage === USAGE_KERNEL) after.push(pending.fence);
      }
      vmExec.addFence(job.fence, USAGE_BOOKKEEP, USAGE_BOOKKEEP);
      push(xe, queue, job, req, after);
    }
    vmExec.unlock();
  }
  unlock(dev, vm.lock);
  return ret;
}

/** A job (`struct xe_sched_job`): holds its queue until it is retired. */
interface XeJob {
  readonly name: string;
  readonly fence: DmaFence;
}

function newJob(xe: Xe, queue: XeQueue): XeJob | null {
  const { machine } = xe;
  if (!machine.dev.mayAlloc("xe sched job")) return null;
  const seqno = ++queue.seqno;
  const fence = machine.fence(queue.context, seqno);
  const name = machine.dev.ledger === null ? "" : `submit#${machine.dev.serial()}`;
  queue.pending.set(seqno, fence);
  queue.kref.get(name);
  return { name, fence };
}

function push(xe: Xe, queue: XeQueue, job: XeJob, req: Exec, after: readonly DmaFence[]): void {
  const { vm } = queue;
  // Long-running work is preempted and not waited for. Binds of the program's are its affair, rebinds are not.
  const settled = vm.ranges.every((range) => range.rebind || range.fence.signaled);
  const works = req.batches !== 0 && !vm.lrMode;
  xe.engine(queue.engineClass).submit({
    fence: job.fence,
    after,
    uses: works ? noteUse(xe.machine, job.fence, { vm: vm.record, keeps: "memory", settled }) : undefined,
    work: req.batches !== 0,
    retire: () => retire(queue, job),
  });
}

function* retire(queue: XeQueue, job: XeJob): Steps<void> {
  queue.pending.delete(job.fence.seqno);
  queue.kref.put(job.name);
}
