import { EINVAL, type Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { checkCompletion } from "./completion.ts";
import type { CsgEvents } from "./csg-events.ts";
import { ringCsg } from "./doorbell.ts";
import type { PanthorGroup } from "./group.ts";
import { syncQueues } from "./queue-states.ts";
import { scheduleReset } from "./schedule-reset.ts";

/** The firmware has something to say of a group in a slot (`panthor_sched_report_fw_events`). */
export function report(panthor: Panthor, group: PanthorGroup, say: (events: CsgEvents) => void): void {
  const { sched } = panthor;
  const slot = sched.slots[group.csgId];
  if (slot === undefined) return;
  say(slot.events);
  // The work item only queues others: it is done with the interrupt, where nobody has the lock.
  if (sched.lock.owner === null && !sched.resetInProgress && !sched.resetPending)
    processCsg(panthor, group.csgId);
  else {
    sched.fwEvents |= 1 << group.csgId;
    sched.queue(sched.fwEventsWork);
  }
}

/** `process_fw_events_work` */
export function* processFwEvents(panthor: Panthor): Steps<void> {
  const { sched, machine } = panthor;
  const { fwEvents } = sched;
  sched.fwEvents = 0;
  yield* lockBriefly(machine.dev, sched.lock, "process_fw_events_work");
  for (let csg = 0; csg < sched.slots.length; csg++)
    if ((fwEvents & (1 << csg)) !== 0) processCsg(panthor, csg);
  unlock(machine.dev, sched.lock);
}

/** `sched_process_csg_irq_locked`, and at once what it queues for the group (`group_sync_upd_work`), which takes no lock. */
export function processCsg(panthor: Panthor, csg: number): void {
  const { sched } = panthor;
  const slot = sched.slots[csg];
  if (slot === undefined) return;
  const { group, events } = slot;
  if (events.idle && group !== null) {
    sched.mayHaveIdle = true;
    // A tick finds out who is idle. Where nobody waits for a slot, that is all it would do.
    if (sched.somebodyWaits) sched.queueTick(0);
    else syncQueues(panthor, group);
  }
  if (events.progress) {
    if (group !== null) group.timedout = true;
    sched.queueTick(0);
  }
  if (group !== null && events.fatal !== 0) fatal(panthor, group, events);
  if (group !== null)
    for (const { index } of group.queues) if ((events.fault & (1 << index)) !== 0) fault(group, index);
  if (group !== null && events.oom !== 0) {
    group.tilerOom |= events.oom;
    group.queueWork(group.tilerOomWork);
  }
  if (events.syncUpdate) {
    if (group !== null) for (const queue of group.queues) checkCompletion(panthor, queue);
    sched.queueSyncUpdate();
  }
  events.clear();
  ringCsg(panthor, csg);
}

/** `cs_slot_process_fatal_event_locked` */
function fatal(panthor: Panthor, group: PanthorGroup, events: CsgEvents): void {
  group.fatalQueues |= events.fatal;
  if (!events.unrecoverable) panthor.sched.queueTick(0);
  else {
    scheduleReset(panthor);
    panthor.sched.tickWork.cancel();
  }
}

/** The job at hand is marked, the queue goes on (`cs_slot_process_fault_event_locked`). */
function fault(group: PanthorGroup, index: number): void {
  const queue = group.queues[index];
  const job = queue?.inFlight.find(({ seqno }) => seqno > queue.done);
  const base = job?.doneFence?.base;
  if (base !== undefined) base.error = -EINVAL;
}
