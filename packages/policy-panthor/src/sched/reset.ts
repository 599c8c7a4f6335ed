import type { Steps } from "@gpuvm/core";
import { lockBriefly, stopScheduler, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { vmActive } from "../mmu/address-space.ts";
import { mmuPostReset, mmuPreReset } from "../mmu/reset.ts";
import { stopGroup } from "./csg.ts";
import { processCsg } from "./events.ts";
import type { PanthorGroup } from "./group.ts";
import { apply, CsgRequests } from "./requests.ts";
import { startQueue, stopWaiting } from "./run-job.ts";
import { unbind } from "./tick.ts";
import { suspendTimeout } from "./timeout.ts";

/** `panthor_device_reset_work` */
export function* reset(panthor: Panthor): Steps<void> {
  panthor.onSched?.(["reset"]);
  yield* preReset(panthor);
  yield* mmuPreReset(panthor);
  // From here on the GPU does nothing, and has forgotten everything.
  panthor.gpu.hung = false;
  for (const slot of panthor.sched.slots) slot.acked = slot.unanswered = 0;
  mmuPostReset(panthor);
  // `panthor_fw_post_reset`
  if (panthor.mcu !== null) yield* vmActive(panthor, panthor.mcu);
  const failed = panthor.gpu.dead;
  panthor.sched.resetPending = false;
  yield* postReset(panthor, failed);
  panthor.onSched?.(["reset done"]);
  if (failed) yield* panthor.unplug();
}

/** Groups leave their slots, and take no jobs (`panthor_sched_pre_reset`). */
function* preReset(panthor: Panthor): Steps<void> {
  const { sched, machine } = panthor;
  yield* lockBriefly(machine.dev, sched.resetLock, "panthor_sched_pre_reset");
  sched.resetInProgress = true;
  sched.syncUpdWork.cancel();
  yield* sched.syncUpdWork.flush("panthor_sched_pre_reset");
  sched.tickWork.cancel();
  yield* sched.tickWork.item.flush("panthor_sched_pre_reset");
  yield* suspend(panthor);
  for (const lists of [sched.runnable, sched.idle])
    for (const list of lists) for (const group of [...list]) yield* stopForReset(panthor, group);
  unlock(machine.dev, sched.resetLock);
}

/** `panthor_group_stop` */
export function* stopForReset(panthor: Panthor, group: PanthorGroup): Steps<void> {
  for (const queue of group.queues) {
    queue.timeoutDisabled = true;
    queue.timeout.cancel();
    yield* stopScheduler(queue.scheduler, null);
  }
  group.kref.get("walk of the groups");
  group.moveTo(panthor.sched.stopped);
}

/** Every slot is freed; a group that does not let go is given up, innocent or not (`panthor_sched_suspend`). */
function* suspend(panthor: Panthor): Steps<void> {
  const { sched, machine } = panthor;
  yield* lockBriefly(machine.dev, sched.lock, "panthor_sched_suspend");
  const requests = new CsgRequests();
  sched.slots.forEach(({ group }, csg) => {
    if (group !== null) requests.ask(csg, group.canRun ? "SUSPEND" : "TERMINATE");
  });
  yield* apply(panthor, requests);
  if (requests.timedout !== 0) yield* giveUp(panthor, requests.timedout);
  sched.slots.forEach(({ group }, csg) => {
    if (group !== null && (requests.timedout & (1 << csg)) === 0) group.queueWork(group.syncUpdWork);
  });
  sched.slots.forEach(({ group }, csg) => {
    if (group !== null) leaveSlot(panthor, group, csg);
  });
  unlock(machine.dev, sched.lock);
}

function* giveUp(panthor: Panthor, slots: number): Steps<void> {
  const { sched } = panthor;
  const requests = new CsgRequests();
  const groups: PanthorGroup[] = [];
  sched.slots.forEach(({ group }, csg) => {
    if (group === null || (slots & (1 << csg)) === 0) return;
    if (group.canRun) group.innocent = true;
    group.timedout = true;
    requests.ask(csg, "TERMINATE");
    groups.push(group);
  });
  yield* apply(panthor, requests);
  // The reset will do it.
  for (const group of groups) {
    if (group.state === "terminated") continue;
    group.state = "terminated";
    stopGroup(panthor, group);
    for (const queue of group.queues) suspendTimeout(panthor, queue);
  }
}

function leaveSlot(panthor: Panthor, group: PanthorGroup, csg: number): void {
  const { sched } = panthor;
  group.kref.get("walk of the groups");
  processCsg(panthor, csg);
  unbind(panthor, group);
  if (group.canRun) group.moveTo(sched.idle[group.priority] ?? null, true);
  else {
    stopWaiting(panthor, group);
    group.queueWork(group.termWork);
  }
  group.kref.put("walk of the groups");
}

/** Groups come back, or are given up: all of them, if the reset failed (`panthor_sched_post_reset`). */
function* postReset(panthor: Panthor, failed: boolean): Steps<void> {
  const { sched, machine } = panthor;
  yield* lockBriefly(machine.dev, sched.resetLock, "panthor_sched_post_reset");
  for (const group of [...sched.stopped]) {
    if (failed) group.state = "terminated";
    for (const queue of group.queues) startQueue(queue);
    if (group.canRun) group.moveTo((group.isIdle ? sched.idle : sched.runnable)[group.priority] ?? null);
    else {
      group.moveTo(null);
      stopWaiting(panthor, group);
      group.queueWork(group.termWork);
    }
    group.kref.put("walk of the groups");
  }
  sched.resetInProgress = false;
  unlock(machine.dev, sched.resetLock);
  if (failed) return;
  sched.queueTick(0);
  sched.queueSyncUpdate();
}
