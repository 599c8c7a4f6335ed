import type { Errno, Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { vmActive, vmIdle } from "../mmu/address-space.ts";
import { AS_SLOTS } from "../mmu/as-slots.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { processCsg } from "./events.ts";
import type { PanthorGroup } from "./group.ts";
import { apply, CsgRequests } from "./requests.ts";
import { stopWaiting } from "./run-job.ts";
import { scheduleReset } from "./schedule-reset.ts";
import { type CsgSlot, PRIORITIES, REALTIME, type Scheduler, TICK_NS } from "./scheduler.ts";
import { resumeTimeout } from "./timeout.ts";

/** Greatest priority of a slot (`MAX_CSG_PRIO`). */
const MAX_CSG_PRIO = 15;

/** From realtime to low. */
const DOWN: readonly number[] = Array.from({ length: PRIORITIES }, (_, i) => PRIORITIES - 1 - i);

/** What a tick decides (`struct panthor_sched_tick_ctx`). Holds each group on its lists. */
class Tick {
  /** Groups in a slot that were not picked again, by priority. */
  readonly old: PanthorGroup[][] = [[], [], [], []];
  /** Groups that get a slot, or keep theirs. */
  readonly picked: PanthorGroup[][] = [[], [], [], []];
  readonly vms: PanthorVm[] = [];
  count = 0;
  idle = 0;
  /** A group was destroyed meanwhile. */
  immediate = false;
  /** Nobody waits for a slot. */
  stop = true;
  /** The firmware did not answer. */
  failed = false;
}

const HOLDER = "walk of the groups";

/** Shares the slots (`tick_work`): who can't run goes, who has something to do comes. */
export function* tick(panthor: Panthor): Steps<void> {
  const { sched, machine } = panthor;
  const { now } = machine;
  const target =
    sched.reschedTarget === Number.POSITIVE_INFINITY ? sched.lastTick + TICK_NS : sched.reschedTarget;
  // Where there is a slot for everybody, a tick forced before its time decides nothing else.
  const full = now >= target || sched.groupCount <= sched.slots.length;
  yield* lockBriefly(machine.dev, sched.lock, "tick_work");
  if (!sched.resetPending) {
    const t = new Tick();
    yield* init(panthor, t);
    if (!t.failed) {
      pick(sched, t, full);
      yield* put(panthor, t);
    }
    if (!t.failed) {
      sched.lastTick = now;
      const delay = t.immediate ? 0 : nextTick(sched, t);
      if (delay !== Number.POSITIVE_INFINITY) sched.queueTick(delay);
    }
    cleanup(panthor, t);
  }
  unlock(machine.dev, sched.lock);
}

/** `tick_ctx_init` */
function* init(panthor: Panthor, t: Tick): Steps<void> {
  const { sched } = panthor;
  const requests = new CsgRequests();
  for (let csg = 0; csg < sched.slots.length; csg++) {
    const { group } = sched.slots[csg] as CsgSlot;
    if (group === null) continue;
    group.kref.get(HOLDER);
    if (group.vm.unhandledFault) {
      processCsg(panthor, csg);
      // Nobody says which queue it was: all of them.
      if (group.fatalQueues === 0) group.fatalQueues = 2 ** group.queues.length - 1;
    }
    insertOld(sched, t, group);
    requests.ask(csg, null);
  }
  if ((yield* apply(panthor, requests)) !== 0) {
    scheduleReset(panthor);
    t.failed = true;
  }
}

/** By descending priority of the slots (`tick_ctx_insert_old_group`). */
function insertOld(sched: Scheduler, t: Tick, group: PanthorGroup): void {
  const list = t.old[group.priority] as PanthorGroup[];
  const of = ({ csgId }: PanthorGroup) => sched.slots[csgId]?.priority ?? 0;
  let at = 0;
  while (at < list.length && of(group) <= of(list[at] as PanthorGroup)) at++;
  group.moveTo(null);
  if (at === list.length) list.push(group);
  else list.splice(at, 0, group);
  group.runList = list;
}

function pick(sched: Scheduler, t: Tick, full: boolean): void {
  // In the middle of a tick only realtime groups come, and only for others.
  if (!full)
    for (const prio of DOWN) {
      pickFrom(sched, t, t.old[prio] as PanthorGroup[], true, true);
      if (prio === REALTIME) pickFrom(sched, t, sched.runnable[prio] as PanthorGroup[], true, false);
    }
  for (const prio of DOWN) {
    if (t.count === sched.slots.length) break;
    const old = t.old[prio] as PanthorGroup[];
    const runnable = sched.runnable[prio] as PanthorGroup[];
    if (old.length === 0 && runnable.length === 0) continue;
    // The one that had its turn first comes last now.
    const first = old[0];
    first?.moveTo(null);
    pickFrom(sched, t, old, true, true);
    pickFrom(sched, t, runnable, true, false);
    if (first === undefined) continue;
    first.moveTo(old);
    pickFrom(sched, t, old, true, true);
  }
  for (const prio of DOWN) {
    if (t.count === sched.slots.length) break;
    pickFrom(sched, t, t.old[prio] as PanthorGroup[], false, true);
    pickFrom(sched, t, sched.idle[prio] as PanthorGroup[], false, false);
  }
}

/** `tick_ctx_pick_groups_from_list` */
function pickFrom(sched: Scheduler, t: Tick, list: PanthorGroup[], skipIdle: boolean, held: boolean): void {
  for (let i = 0; i < list.length && t.count < sched.slots.length; ) {
    const group = list[i] as PanthorGroup;
    const known = t.vms.includes(group.vm);
    if (!group.canRun || (skipIdle && group.isIdle) || (!known && t.vms.length === AS_SLOTS - 1)) {
      i++;
      continue;
    }
    if (!held) group.kref.get(HOLDER);
    t.count++;
    const to = t.picked[group.priority] as PanthorGroup[];
    if (group.isIdle) t.idle++;
    else if (to.length > 0) t.stop = false;
    group.moveTo(to);
    if (!known) t.vms.push(group.vm);
  }
}

/** `tick_ctx_apply` */
function* put(panthor: Panthor, t: Tick): Steps<void> {
  const { sched } = panthor;
  let requests = new CsgRequests();
  for (const prio of DOWN)
    for (const group of t.old[prio] as PanthorGroup[])
      requests.ask(group.csgId, group.canRun ? "SUSPEND" : "TERMINATE");
  if ((yield* apply(panthor, requests)) !== 0) return failed(panthor, t);
  for (const prio of DOWN)
    for (const group of t.old[prio] as PanthorGroup[]) {
      processCsg(panthor, group.csgId);
      unbind(panthor, group);
    }
  requests = new CsgRequests();
  let priority = MAX_CSG_PRIO;
  for (const prio of DOWN)
    for (const group of t.picked[prio] as PanthorGroup[]) {
      const { csgId } = group;
      if (csgId < 0) {
        const csg = sched.slots.findIndex((slot) => slot.group === null);
        if ((yield* bind(panthor, group, csg)) !== 0) return failed(panthor, t);
        for (const queue of group.queues) if (queue.done !== queue.seqno) resumeTimeout(panthor, queue);
        requests.ask(csg, group.state === "suspended" ? "RESUME" : "START");
      }
      const slot = sched.slots[group.csgId];
      if (slot !== undefined) slot.priority = priority;
      priority--;
    }
  if ((yield* apply(panthor, requests)) !== 0) return failed(panthor, t);
  settle(sched, t);
}

function failed(panthor: Panthor, t: Tick): void {
  scheduleReset(panthor);
  t.failed = true;
}

/** The groups are where they are to be: the tick lets go of them. */
function settle(sched: Scheduler, t: Tick): void {
  for (const prio of DOWN) {
    const picked = t.picked[prio] as PanthorGroup[];
    for (let group = picked[0]; group !== undefined; group = picked[0]) {
      group.moveTo(null);
      if (group.destroyed) t.immediate = true;
      group.kref.put(HOLDER);
    }
    const old = t.old[prio] as PanthorGroup[];
    for (let i = 0; i < old.length; ) {
      const group = old[i] as PanthorGroup;
      if (!group.canRun) {
        i++;
        continue;
      }
      group.moveTo((group.isIdle ? sched.idle : sched.runnable)[prio] as PanthorGroup[]);
      group.kref.put(HOLDER);
    }
  }
  sched.usedSlots = t.count;
  sched.mayHaveIdle = t.idle > 0;
}

/** `group_bind_locked` */
function* bind(panthor: Panthor, group: PanthorGroup, csg: number): Steps<Errno> {
  const slot = panthor.sched.slots[csg];
  if (slot === undefined) return -22;
  const ret = yield* vmActive(panthor, group.vm);
  if (ret !== 0) return ret;
  group.kref.get("device csg slot");
  group.csgId = csg;
  slot.group = group;
  return 0;
}

/** `group_unbind_locked` */
export function unbind(panthor: Panthor, group: PanthorGroup): void {
  const slot = panthor.sched.slots[group.csgId];
  if (slot === undefined) return;
  vmIdle(panthor, group.vm);
  group.csgId = -1;
  group.tilerOom = 0;
  if (group.tilerOomWork.cancel()) group.kref.put(group.holderOf(group.tilerOomWork));
  slot.group = null;
  slot.priority = 0;
  group.kref.put("device csg slot");
}

/** `tick_ctx_update_resched_target`. The kernel takes a target that is now for one to come: here no time passes meanwhile. */
function nextTick(sched: Scheduler, t: Tick): number {
  if (t.stop) {
    sched.reschedTarget = Number.POSITIVE_INFINITY;
    return sched.reschedTarget;
  }
  const target = sched.lastTick + TICK_NS;
  if (sched.reschedTarget <= sched.lastTick || target < sched.reschedTarget) sched.reschedTarget = target;
  return sched.reschedTarget - sched.lastTick;
}

/** What is left on the lists: groups to give up, or all, if the firmware did not answer (`tick_ctx_cleanup`). */
function cleanup(panthor: Panthor, t: Tick): void {
  const { sched } = panthor;
  for (const list of t.old)
    for (let group = list[0]; group !== undefined; group = list[0]) {
      if (group.canRun) back(sched, group);
      else {
        group.moveTo(null);
        stopWaiting(panthor, group);
        group.queueWork(group.termWork);
      }
      group.kref.put(HOLDER);
    }
  for (const list of t.picked)
    for (let group = list[0]; group !== undefined; group = list[0]) {
      back(sched, group);
      group.kref.put(HOLDER);
    }
}

/** To where a group was, unless it is in a slot. */
function back(sched: Scheduler, group: PanthorGroup): void {
  const lists = group.isIdle ? sched.idle : sched.runnable;
  group.moveTo(group.csgId >= 0 ? null : (lists[group.priority] as PanthorGroup[]), true);
}
