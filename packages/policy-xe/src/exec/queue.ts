import { EINVAL, ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import {
  lock,
  preempt,
  type QueueClose,
  type QueueNew,
  unlock,
  type WaitFence,
  waitFence,
} from "@gpuvm/drm-model";
import { BindExecQueue } from "../bind/bind-exec-queue.ts";
import type { Xe } from "../device.ts";
import { CLASS_VM_BIND } from "../flags.ts";
import { addComputeQueue, removeComputeQueue } from "../preempt/preempt.ts";
import { waitUserFence } from "../sync/wait-user-fence.ts";
import type { XeFile } from "../xe-file.ts";
import { XeQueue } from "./exec-queue.ts";
import { kill } from "./queue-kill.ts";

/** `xe_exec_queue_create_ioctl`. The id is published last. */
export function* queueCreate(xe: Xe, file: XeFile, req: QueueNew): Steps<Errno> {
  const { dev } = xe.machine;
  const vm = file.vms.get(req.vm ?? 0);
  if (vm === undefined) return -ENOENT;
  if (file.queues.has(req.queue)) return -EINVAL;
  vm.gpuvm.get("ioctl");
  yield* lock(dev, vm.lock, "xe_exec_queue_create_ioctl");
  yield* preempt(dev, "alloc", "xe_exec_queue_create");
  let ret: Errno = 0;
  let queue: XeQueue | BindExecQueue | null = null;
  if (vm.closedOrBanned) ret = -ENOENT;
  else if (!dev.mayAlloc("xe exec queue")) ret = -ENOMEM;
  else if (req.class === CLASS_VM_BIND)
    queue = new BindExecQueue(xe.machine, xe.platform.gtCount, vm, "creator", file);
  else queue = new XeQueue(file, vm, req.class ?? 0);
  unlock(dev, vm.lock);
  if (queue instanceof XeQueue) ret = yield* addComputeQueue(vm, queue);
  if (ret !== 0) queue?.kref.put("creator");
  else if (queue !== null) {
    yield* preempt(dev, "publish", "xe_exec_queue_create_ioctl");
    dev.ledger?.move(queue.kref, "creator", file);
    file.queues.set(req.queue, queue);
  }
  vm.gpuvm.put("ioctl");
  return ret;
}

/** `xe_exec_queue_destroy_ioctl`. */
export function* queueDestroy(file: XeFile, req: QueueClose): Steps<Errno> {
  const queue = file.queues.get(req.queue);
  if (queue === undefined) return -ENOENT;
  file.queues.delete(req.queue);
  yield* queueKill(queue);
  queue.kref.put(file);
  return 0;
}

/**
 * Takes a queue off the GPU for good (`xe_exec_queue_kill`): its timeout handler runs at once, and what has not ended ends
 * with an error. A bind queue has nothing that could be given up: what it is to write is written.
 */
export function* queueKill(queue: XeQueue | BindExecQueue): Steps<void> {
  if (queue instanceof BindExecQueue) return;
  kill(queue);
  yield* removeComputeQueue(queue.vm, queue);
}

/** Waits for the n-th job of a queue, counted from 1 (a user-mode driver's wait on its syncobj), or for a word of memory. */
export function* queueWait(xe: Xe, file: XeFile, req: WaitFence): Steps<Errno> {
  if (req.addr !== undefined) return yield* waitUserFence(xe, file, req, req.addr);
  const queue = file.queues.get(req.queue ?? 0);
  if (!(queue instanceof XeQueue)) return -ENOENT;
  const job = queue.job(req.fence);
  if (job !== null) yield* waitFence(xe.machine.dev, job.fence, "drm_syncobj_wait");
  return 0;
}
