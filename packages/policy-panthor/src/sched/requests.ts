import { type Errno, ETIMEDOUT, type Steps } from "@gpuvm/core";
import type { Panthor } from "../device.ts";
import { startGroup, stopGroup } from "./csg.ts";
import { ringCsg } from "./doorbell.ts";
import type { GroupState, PanthorGroup } from "./group.ts";
import { syncQueues } from "./queue-states.ts";
import { suspendTimeout } from "./timeout.ts";

/** What the firmware is asked to do with a slot. */
export type CsgState = "START" | "RESUME" | "SUSPEND" | "TERMINATE";

/** Requests to the firmware that go together (`struct panthor_csg_slots_upd_ctx`). */
export class CsgRequests {
  /** Slots that are asked for something, by bit (`update_mask`). */
  slots = 0;
  /** By slot, what; null: how its queues are (`requests`). */
  readonly wanted: (CsgState | null)[] = [null, null, null, null];
  /** Slots that did not answer. */
  timedout = 0;

  /** Asks a slot; null: how its queues are (`csgs_upd_ctx_queue_reqs`). */
  ask(csg: number, state: CsgState | null): void {
    this.slots |= 1 << csg;
    this.wanted[csg] = state;
  }
}

const STATES: Readonly<Record<CsgState, GroupState>> = {
  START: "active",
  RESUME: "active",
  SUSPEND: "suspended",
  TERMINATE: "terminated",
};

/** `CSG_STATE_TERMINATE` and so on. */
const STATE_BITS: Readonly<Record<CsgState, number>> = { TERMINATE: 0, START: 1, SUSPEND: 2, RESUME: 3 };
const CSG_STATE_MASK = 7;
const CSG_STATUS_UPDATE = 1 << 5;

/** The firmware has so long to answer for each slot. */
const ACK_NS = 100_000_000;

/** Sends requests and waits for the answers (`csgs_upd_ctx_apply_locked`); -ETIMEDOUT: see {@link CsgRequests.timedout}. */
export function* apply(panthor: Panthor, requests: CsgRequests): Steps<Errno> {
  const { slots, wanted } = requests;
  if (slots === 0) return 0;
  for (let csg = 0; csg < wanted.length; csg++)
    if ((slots & (1 << csg)) !== 0) send(panthor, csg, wanted[csg] ?? null);
  for (let csg = 0; csg < wanted.length; csg++)
    if ((slots & (1 << csg)) !== 0 && panthor.sched.slots[csg]?.unanswered !== 0) {
      yield* silence(panthor);
      requests.timedout |= 1 << csg;
    }
  return requests.timedout === 0 ? 0 : -ETIMEDOUT;
}

/** One request; null: how the queues are. */
function send(panthor: Panthor, csg: number, state: CsgState | null): void {
  const slot = panthor.sched.slots[csg];
  const group = slot?.group ?? null;
  if (slot === undefined || group === null) return;
  if (panthor.gpu.hung) {
    slot.unanswered =
      state === null
        ? slot.unanswered | CSG_STATUS_UPDATE
        : (slot.unanswered & ~CSG_STATE_MASK) | (slot.acked ^ STATE_BITS[state]);
    ringCsg(panthor, csg);
  } else if (state === null) syncQueues(panthor, group);
  else {
    panthor.onSched?.(["fw", `csg ${csg}`, state, group, `as ${group.vm.asId}`]);
    slot.acked = STATE_BITS[state];
    stateIs(panthor, group, STATES[state]);
  }
}

function* silence({ machine }: Panthor): Steps<void> {
  let late = false;
  machine.timers.add(machine.timerIn(ACK_NS), () => {
    late = true;
  });
  if (machine.dev.waitsUntil(() => late, "panthor_fw_csg_wait_acks")) yield machine.dev.point;
}

/** The firmware says what became of a group (`csg_slot_sync_state_locked`). */
export function stateIs(panthor: Panthor, group: PanthorGroup, state: GroupState): void {
  const old = group.state;
  if (old === state) return;
  if (state === "suspended") syncQueues(panthor, group);
  if (old === "active") {
    stopGroup(panthor, group);
    for (const queue of group.queues) suspendTimeout(panthor, queue);
  }
  group.state = state;
  if (state === "active") startGroup(panthor, group);
}
