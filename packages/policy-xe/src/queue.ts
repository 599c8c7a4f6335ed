import { type DmaFence, EINVAL, ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { Kref, preempt, type QueueClose, type QueueNew, type WaitFence, waitFence } from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import { CLASS_VM_BIND } from "./flags.ts";
import { addComputeQueue, removeComputeQueue } from "./preempt.ts";
import type { XeVm } from "./vm.ts";
import type { XeFile } from "./xe-file.ts";

/** A queue for work or for binds (`struct xe_exec_queue`). Counted by the file's table and by each job. */
export class XeQueue {
  /** References. */
  readonly kref: Kref;
  /** Where its work runs; counted. */
  readonly vm: XeVm;
  /** `DRM_XE_ENGINE_CLASS_*`. */
  readonly engineClass: number;
  /** Timeline of its jobs. */
  readonly context: number;
  /** Jobs so far. */
  seqno = 0;
  /** Fences that have not signalled, by number. */
  readonly pending: Map<number, DmaFence> = new Map();

  /** A queue with one reference, of the creator. */
  constructor(file: XeFile, vm: XeVm, engineClass: number) {
    const { machine } = file;
    this.vm = vm;
    this.engineClass = engineClass;
    this.context = machine.fenceContext();
    const name = `queue#${machine.dev.serial()}`;
    this.kref = new Kref(machine.dev, name, "creator", () => {
      // `xe_exec_queue_fini`
      vm.gpuvm.put(this.kref);
      file.kref.put(this.kref);
    });
    vm.gpuvm.get(this.kref);
    file.kref.get(this.kref);
  }
}

/** `xe_exec_queue_create_ioctl`. The id is published last. */
export function* queueCreate(xe: Xe, file: XeFile, req: QueueNew): Steps<Errno> {
  const { dev } = xe.machine;
  const vm = file.vms.get(req.vm ?? 0);
  if (vm === undefined) return -ENOENT;
  if (file.queues.has(req.queue)) return -EINVAL;
  vm.gpuvm.get("ioctl");
  yield* preempt(dev, "alloc", "xe_exec_queue_create");
  let ret: Errno = 0;
  if (vm.size === 0) ret = -ENOENT;
  else if (!dev.mayAlloc("xe exec queue")) ret = -ENOMEM;
  else {
    const queue = new XeQueue(file, vm, req.class ?? 0);
    if (queue.engineClass !== CLASS_VM_BIND) yield* addComputeQueue(vm, queue);
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
  queueKill(queue);
  queue.kref.put(file);
  return 0;
}

/** Takes a queue off the GPU (`xe_exec_queue_kill`). Work that has begun goes on to its end. */
export function queueKill(queue: XeQueue): void {
  removeComputeQueue(queue.vm, queue);
}

/** Waits for the n-th job of a queue, counted from 1 (a user-mode driver's wait on its syncobj). */
export function* queueWait(xe: Xe, file: XeFile, req: WaitFence): Steps<Errno> {
  const queue = file.queues.get(req.queue ?? 0);
  if (queue === undefined) return -ENOENT;
  const fence = queue.pending.get(req.fence);
  if (fence !== undefined) yield* waitFence(xe.machine.dev, fence, "drm_syncobj_wait");
  return 0;
}
