import { type DmaFence, EINVAL, ENOENT, type Errno, type Holder, Lock, type Steps } from "@gpuvm/core";
import { BindQueue, Kref, type Machine, preempt, type RequestOf, waitFence } from "@gpuvm/drm-model";
import type { MsmContext } from "../drv/context.ts";
import { msmContextVm } from "../drv/context-vm.ts";
import type { Msm } from "../drv/device.ts";
import { MSM_SUBMITQUEUE_ALLOW_PREEMPT, MSM_SUBMITQUEUE_VM_BIND } from "../drv/uapi.ts";
import { Entity } from "./ring.ts";

/** A submitqueue (`struct msm_gpu_submitqueue`): held by its context, and by each submit and bind job of it. */
export class MsmQueue {
  /** `queue#4`. */
  readonly name: string;
  /** The program's number. */
  readonly id: number;
  /** `MSM_SUBMITQUEUE_*`. */
  readonly flags: number;
  /** Whose it is; counted. */
  readonly ctx: MsmContext;
  /** Serialises the submits, or binds, of the queue (`queue->lock`). */
  readonly lock: Lock;
  /** Fences of submits in flight by the program's numbers (`fence_idr`). */
  readonly fences: Map<number, DmaFence> = new Map();
  /** Number of the last submit (`last_fence`). */
  lastFence = 0;
  /** Its timeline. */
  readonly context: number;
  /** Submits that wait for their dependencies. */
  readonly entity: Entity;
  /** Bind jobs, for a VM_BIND queue. */
  readonly binds: BindQueue | null;
  /** The last bind job's fence. */
  lastBind: DmaFence | null = null;
  readonly #machine: Machine;
  readonly #refs: Kref;
  #seqno = 0;

  /** A queue with one reference, the context's (`msm_submitqueue_create`). */
  constructor(msm: Msm, ctx: MsmContext, id: number, flags: number) {
    const { machine, dev } = msm;
    this.name = `queue#${dev.serial()}`;
    this.id = id;
    this.flags = flags;
    this.ctx = ctx;
    ctx.get(this);
    this.#machine = machine;
    this.#refs = new Kref(dev, this.name, ctx, () => ctx.put(this));
    this.lock = new Lock(`lock of ${this.name}`, "msm_queue", dev.lockdep);
    this.context = machine.fenceContext();
    this.entity = new Entity(msm.ring);
    this.binds = this.vmBind ? new BindQueue(machine, this.name) : null;
  }

  /** `MSM_SUBMITQUEUE_VM_BIND`: for binds only. */
  get vmBind(): boolean {
    return (this.flags & MSM_SUBMITQUEUE_VM_BIND) !== 0;
  }

  /** The next fence of its timeline. */
  nextFence(): DmaFence {
    return this.#machine.fence(this.context, ++this.#seqno);
  }

  /** Takes a reference (`msm_submitqueue_get`). */
  get(holder: Holder): this {
    this.#refs.get(holder);
    return this;
  }

  /** Drops a reference (`msm_submitqueue_put`). */
  put(holder: Holder): void {
    this.#refs.put(holder);
  }
}

/** `MSM_SUBMITQUEUE_NEW`. */
export function* queueNew(msm: Msm, ctx: MsmContext, request: RequestOf<"queue_new">): Steps<Errno> {
  const flags = request.flags ?? 0;
  if ((flags & ~(MSM_SUBMITQUEUE_ALLOW_PREEMPT | MSM_SUBMITQUEUE_VM_BIND)) !== 0) return -EINVAL;
  if ((flags & MSM_SUBMITQUEUE_VM_BIND) !== 0) {
    if (!ctx.vmBind) return -EINVAL;
    if ((yield* msmContextVm(msm, ctx)) === null) return -ENOENT;
  }
  yield* preempt(msm.dev, "publish", "msm_submitqueue_create");
  ctx.queues.set(request.queue, new MsmQueue(msm, ctx, request.queue, flags));
  return 0;
}

/** `MSM_SUBMITQUEUE_CLOSE`. Work that is queued goes on; 0 is not the program's to close. */
export function queueClose(ctx: MsmContext, id: number): Errno {
  const queue = ctx.queues.get(id);
  if (queue === undefined || id === 0) return -ENOENT;
  ctx.queues.delete(id);
  queue.put(ctx);
  return 0;
}

/** `MSM_WAIT_FENCE`. A number that retired already answers 0, one that was never given out -EINVAL. */
export function* waitFenceNumber(msm: Msm, ctx: MsmContext, id: number, number: number): Steps<Errno> {
  const queue = ctx.queues.get(id);
  if (queue === undefined) return -ENOENT;
  if (number > queue.lastFence) return -EINVAL;
  const fence = queue.fences.get(number);
  if (fence !== undefined) yield* waitFence(msm.dev, fence, "msm_ioctl_wait_fence");
  return 0;
}
