import type { Panthor } from "../device.ts";
import type { PanthorGroup } from "./group.ts";

/** How the queues of a group in a slot are (`csg_slot_sync_queues_state_locked`). */
export function syncQueues({ sched }: Panthor, group: PanthorGroup): void {
  group.idleQueues = 0;
  group.blockedQueues = 0;
  for (const queue of group.queues) {
    const bit = 1 << queue.index;
    if (queue.syncwait !== null) {
      if (!sched.waiting.includes(group)) sched.waiting.push(group);
      group.blockedQueues |= bit;
    } else if (queue.done === queue.seqno) group.idleQueues |= bit;
  }
}
