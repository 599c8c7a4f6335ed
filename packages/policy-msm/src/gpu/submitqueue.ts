import { EINVAL, ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type Process, preempt, type RequestOf, waitFenceInterruptible } from "@gpuvm/drm-model";
import type { MsmContext } from "../drv/context.ts";
import { msmContextVm } from "../drv/context-vm.ts";
import type { Msm } from "../drv/device.ts";
import { MSM_SUBMITQUEUE_ALLOW_PREEMPT, MSM_SUBMITQUEUE_VM_BIND } from "../drv/uapi.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { MsmQueue } from "./queue.ts";
import { NR_SCHED_PRIORITIES } from "./ring.ts";
import { SchedEntity } from "./sched.ts";

/** `MSM_SUBMITQUEUE_NEW` (`msm_submitqueue_create`). A queue for binds that is refused has made the VM all the same. */
export function* queueNew(msm: Msm, ctx: MsmContext, request: RequestOf<"queue_new">): Steps<Errno> {
  const flags = request.flags ?? 0;
  if ((flags & ~(MSM_SUBMITQUEUE_ALLOW_PREEMPT | MSM_SUBMITQUEUE_VM_BIND)) !== 0) return -EINVAL;
  let queue: MsmQueue;
  if ((flags & MSM_SUBMITQUEUE_VM_BIND) !== 0) {
    const vm = yield* msmContextVm(msm, ctx);
    if (vm === null) return -ENOMEM;
    if (!ctx.vmBind || (request.prio ?? 0) !== 0) return -EINVAL;
    queue = bindQueue(msm, ctx, request.queue, flags, vm);
  } else {
    const made = submitQueue(msm, ctx, request.queue, flags, request.prio ?? defaultPriority(msm));
    if (made === null) return -EINVAL;
    queue = made;
  }
  yield* preempt(msm.dev, "publish", "msm_submitqueue_create");
  ctx.queues.set(request.queue, queue);
  return 0;
}

/** The queue that every context has (`msm_submitqueue_init`). */
export function queueZero(msm: Msm, ctx: MsmContext): MsmQueue {
  return submitQueue(msm, ctx, 0, 0, defaultPriority(msm)) as MsmQueue;
}

/** In the middle of what there is, or below. */
function defaultPriority(msm: Msm): number {
  return Math.ceil((msm.rings.length * NR_SCHED_PRIORITIES - 1) / 2);
}

/** `msm_gpu_convert_priority`, `get_sched_entity`; null: no such priority. */
function submitQueue(msm: Msm, ctx: MsmContext, id: number, flags: number, prio: number): MsmQueue | null {
  const ringNr = Math.floor(prio / NR_SCHED_PRIORITIES);
  const ring = msm.rings[ringNr];
  if (ring === undefined) return null;
  const schedPrio = NR_SCHED_PRIORITIES - (prio % NR_SCHED_PRIORITIES) - 1;
  const index = ringNr * NR_SCHED_PRIORITIES + schedPrio;
  const entity = ctx.entities.get(index) ?? new SchedEntity(msm.machine, ring.sched, schedPrio);
  ctx.entities.set(index, entity);
  return new MsmQueue(msm, ctx, id, flags, ringNr, entity);
}

function bindQueue(msm: Msm, ctx: MsmContext, id: number, flags: number, vm: MsmGemVm): MsmQueue {
  if (vm.sched === null) throw new TypeError("a queue for binds in a VM that the kernel manages");
  return new MsmQueue(msm, ctx, id, flags, 0, new SchedEntity(msm.machine, vm.sched, 0));
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
export function* waitFenceNumber(
  msm: Msm,
  { ctx, process }: { readonly ctx: MsmContext; readonly process: Process },
  id: number,
  number: number,
): Steps<Errno> {
  const queue = ctx.queues.get(id);
  if (queue === undefined) return -ENOENT;
  if (number > queue.lastFence) return -EINVAL;
  const fence = queue.fences.get(number);
  if (fence === undefined) return 0;
  return yield* waitFenceInterruptible(msm.dev, fence, process, "msm_ioctl_wait_fence");
}
