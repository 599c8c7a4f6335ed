import { Lock, type Steps } from "@gpuvm/core";
import { DelayedWork, type Machine, WorkItem } from "@gpuvm/drm-model";
import { CsgEvents } from "./csg-events.ts";
import type { PanthorGroup } from "./group.ts";

/** Priorities of groups, low to realtime (`enum panthor_csg_priority`). */
export const PRIORITIES = 4;
/** The only priority that preempts (`PANTHOR_CSG_PRIORITY_RT`). */
export const REALTIME = 3;
/** Slots for groups in the modelled firmware. */
const CSG_SLOTS = 4;
/** Queues of a group (`cs_slot_count`). */
export const CS_SLOTS = 8;
/** 10 ms (`tick_period`). */
export const TICK_NS = 10_000_000;

/** A slot for a group in the firmware (`struct panthor_csg_slot`). */
export interface CsgSlot {
  /** Who is in it; counted. */
  group: PanthorGroup | null;
  /** Among the slots. */
  priority: number;
  /** What the firmware has to say. */
  readonly events: CsgEvents;
  /** The state that the firmware was last asked for and took on (`ack & CSG_STATE_MASK`). */
  acked: number;
  /** What it was asked for, and did not answer (`req ^ ack`). */
  unanswered: number;
}

/** What the scheduler's work items do. */
export interface SchedulerWorks {
  /** `tick_work` */
  readonly tick: () => Steps<void>;
  /** `sync_upd_work` */
  readonly syncUpd: () => Steps<void>;
  /** `process_fw_events_work` */
  readonly fwEvents: () => Steps<void>;
}

/**
 * Shares the firmware's slots among the groups (`struct panthor_scheduler`), by ticks.
 *
 * # Invariants
 * `lock` protects the lists, the slots and what says whether a group can run. A group that can run is in a slot, or on a
 * list: `idle` if no queue of it has something to do.
 */
export class Scheduler {
  /** `sched->lock`; taken in the fence-signalling path. */
  readonly lock: Lock;
  /** `sched->reset.lock` */
  readonly resetLock: Lock;
  /** Groups that want a slot, by priority. */
  readonly runnable: readonly PanthorGroup[][] = lists();
  /** Groups without something to do, by priority. */
  readonly idle: readonly PanthorGroup[][] = lists();
  /** Groups with a queue that waits for the GPU to write a value. */
  readonly waiting: PanthorGroup[] = [];
  /** Groups that were stopped for a reset; counted. */
  readonly stopped: PanthorGroup[] = [];
  /** The slots. */
  readonly slots: readonly CsgSlot[];
  /** Slots in use after the last tick. */
  usedSlots = 0;
  /** A slot may be wasted on an idle group. */
  mayHaveIdle = false;
  /** When the slots are shared anew; Infinity: nobody waits for it. */
  get reschedTarget(): number {
    return this.#reschedTarget;
  }

  set reschedTarget(at: number) {
    this.#reschedTarget = at;
  }

  /** When the last tick was. */
  get lastTick(): number {
    return this.#lastTick;
  }

  set lastTick(at: number) {
    this.#lastTick = at;
  }

  /** Slots with events, by bit. */
  fwEvents = 0;
  /** A reset is under way: no work is queued. */
  resetInProgress = false;
  /** The device is gone. */
  unplugged = false;
  /** A reset was asked for (`ptdev->reset.pending`). */
  resetPending = false;
  // What o'clock it is makes no state of its own.
  #reschedTarget: number = Number.POSITIVE_INFINITY;
  #lastTick = 0;
  /** `tick_work` */
  readonly tickWork: DelayedWork;
  /** `sync_upd_work` */
  readonly syncUpdWork: WorkItem;
  /** `fw_events_work` */
  readonly fwEventsWork: WorkItem;

  /** Every slot is free. */
  constructor(machine: Machine, works: SchedulerWorks) {
    this.lock = new Lock("panthor scheduler", "panthor sched", machine.dev.lockdep);
    this.resetLock = new Lock("panthor reset", "panthor sched reset", machine.dev.lockdep);
    this.slots = Array.from({ length: CSG_SLOTS }, () => ({
      group: null,
      priority: 0,
      events: new CsgEvents(),
      acked: 0,
      unanswered: 0,
    }));
    const item = (label: string, work: () => Steps<void>) =>
      new WorkItem(machine, `panthor ${label}`, work, "signalling");
    this.tickWork = new DelayedWork(item("tick_work", works.tick));
    this.syncUpdWork = item("sync_upd_work", works.syncUpd);
    this.fwEventsWork = item("fw_events_work", works.fwEvents);
  }

  /** Whether there is a group without a slot. */
  get somebodyWaits(): boolean {
    for (const list of this.runnable) if (list.length > 0) return true;
    for (const list of this.idle) if (list.length > 0) return true;
    return false;
  }

  /** Groups in a slot, or that want one. */
  get groupCount(): number {
    let count = 0;
    for (const list of this.runnable) count += list.length;
    for (const list of this.idle) count += list.length;
    for (const { group } of this.slots) if (group !== null) count++;
    return count;
  }

  /** A tick is wanted in so many nanoseconds (`sched_queue_delayed_work`). */
  queueTick(ns: number): void {
    if (this.works) this.tickWork.modify(ns);
  }

  /** `sched_queue_work` */
  queue(work: WorkItem): void {
    if (this.works) work.queue();
  }

  /** Whether work of the scheduler's is queued. */
  get works(): boolean {
    return !this.resetInProgress && !this.resetPending && !this.unplugged;
  }

  /** The device goes: no more ticks (`panthor_sched_unplug`). */
  *unplug(): Steps<void> {
    this.unplugged = true;
    this.tickWork.cancel();
    for (const work of [this.fwEventsWork, this.syncUpdWork]) work.cancel();
    for (const work of [this.tickWork.item, this.fwEventsWork, this.syncUpdWork])
      yield* work.flush("panthor_sched_unplug");
  }

  /** Somebody may have got the value that it waits for. Where nobody waits, the work item would do nothing. */
  queueSyncUpdate(): void {
    if (this.waiting.length > 0) this.queue(this.syncUpdWork);
  }

  /** Ticks were off, and there is something to share (`sched_resume_tick`). */
  resumeTick(now: number): void {
    this.reschedTarget = this.lastTick + TICK_NS;
    const full = this.usedSlots === this.slots.length;
    if (!this.tickWork.pending) this.queueTick(full ? Math.max(0, this.reschedTarget - now) : 0);
  }
}

function lists(): PanthorGroup[][] {
  return Array.from({ length: PRIORITIES }, () => []);
}
