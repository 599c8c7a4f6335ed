import { gpuvaFindFirst, gpuvaObj, type Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { vmapBo, vunmapBo } from "../gem/backing.ts";
import type { PanthorBo } from "../gem/bo.ts";
import type { PanthorGroup, PanthorQueue } from "./group.ts";
import { REALTIME } from "./scheduler.ts";

/** Looks whether groups may go on (`sync_upd_work`). */
export function* syncUpdate(panthor: Panthor): Steps<void> {
  const { sched, machine } = panthor;
  let immediate = false;
  yield* lockBriefly(machine.dev, sched.lock, "sync_upd_work");
  for (const group of [...sched.waiting]) {
    let unblocked = 0;
    for (const queue of group.queues) {
      const bit = 1 << queue.index;
      if ((group.blockedQueues & bit) !== 0 && (yield* evaluate(panthor, group, queue))) unblocked |= bit;
    }
    if (unblocked !== 0) {
      group.blockedQueues &= ~unblocked;
      if (group.csgId < 0) {
        group.moveTo(sched.runnable[group.priority] ?? null, true);
        if (group.priority === REALTIME) immediate = true;
      }
    }
    if (group.blockedQueues === 0) sched.waiting.splice(sched.waiting.indexOf(group), 1);
  }
  unlock(machine.dev, sched.lock);
  if (immediate) sched.queueTick(0);
}

/** `panthor_queue_eval_syncwait`: the object stays held and mapped until the value is there. */
function* evaluate(panthor: Panthor, group: PanthorGroup, queue: PanthorQueue): Steps<boolean> {
  const { syncwait } = queue;
  if (syncwait === null) return false;
  if (syncwait.bo === null) {
    const bo = yield* boAt(panthor, group, syncwait.addr);
    if (bo === null) {
      panthor.machine.dev.warn(`${group.kref.name} waits for a value at an address where nothing is mapped`);
      return true;
    }
    bo.get(queue.entity);
    const ret = yield* vmapBo(panthor, bo);
    if (ret !== 0) {
      bo.put(queue.entity);
      return true;
    }
    syncwait.bo = bo;
  }
  if (!syncwait.reached) return false;
  yield* putSyncwait(panthor, queue);
  queue.syncwait = null;
  return true;
}

/** `panthor_vm_get_bo_for_va` */
function* boAt(panthor: Panthor, { vm }: PanthorGroup, addr: number): Steps<PanthorBo | null> {
  const { dev } = panthor.machine;
  yield* lockBriefly(dev, vm.opLock, "panthor_vm_get_bo_for_va");
  const va = gpuvaFindFirst(vm.gpuvm, addr, 1);
  const bo = va === 0 ? null : (gpuvaObj(vm.gpuvm, va) as PanthorBo | null);
  unlock(dev, vm.opLock);
  return bo;
}

/** `panthor_queue_put_syncwait_obj` */
export function* putSyncwait(panthor: Panthor, queue: PanthorQueue): Steps<void> {
  const { syncwait } = queue;
  if (syncwait === null || syncwait.bo === null) return;
  const { bo } = syncwait;
  syncwait.bo = null;
  yield* vunmapBo(panthor, bo);
  bo.put(queue.entity);
}
