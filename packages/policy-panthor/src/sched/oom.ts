import { EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { heapGrow, heapReturnChunk } from "../heap/grow.ts";
import { getHeapPool } from "../heap/pool-life.ts";
import type { PanthorGroup } from "./group.ts";

/** The tilers of a group's queues want memory (`group_tiler_oom_work`). */
export function* processTilerOom(panthor: Panthor, group: PanthorGroup): Steps<void> {
  const wanting = group.tilerOom;
  group.tilerOom = 0;
  for (const queue of group.queues)
    if ((wanting & (1 << queue.index)) !== 0) yield* processOne(panthor, group, queue.index);
  group.kref.put(group.holderOf(group.tilerOomWork));
}

/**
 * `group_process_tiler_oom`: the heap grows, without the scheduler's lock. No memory is no error: the firmware has other
 * ways. Any other is the end of the queue.
 */
function* processOne(panthor: Panthor, group: PanthorGroup, index: number): Steps<void> {
  const { sched, machine } = panthor;
  const queue = group.queues[index];
  yield* lockBriefly(machine.dev, sched.lock, "group_process_tiler_oom");
  const scheduled = group.csgId >= 0;
  const pool = scheduled ? yield* getHeapPool(panthor, group.vm, false) : -EINVAL;
  unlock(machine.dev, sched.lock);
  if (!scheduled || queue === undefined) return;
  const { oom } = queue;
  let ret: Errno = -EINVAL;
  let chunk = null;
  if (typeof pool !== "number" && oom !== null && oom.fragEnd <= oom.vtEnd && oom.vtEnd < oom.vtStart) {
    const grown = yield* heapGrow(panthor, group.vm, pool, oom.heap, oom.vtStart - oom.fragEnd);
    if (typeof grown === "number") ret = grown;
    else {
      chunk = grown;
      ret = 0;
    }
  }
  queue.oom = null;
  if (ret !== 0 && ret !== -ENOMEM) {
    group.fatalQueues |= 1 << index;
    sched.queueTick(0);
  } else {
    yield* lockBriefly(machine.dev, sched.lock, "group_process_tiler_oom");
    const still = group.csgId >= 0;
    unlock(machine.dev, sched.lock);
    // Nobody there to give it to.
    if (!still && chunk !== null && typeof pool !== "number") yield* heapReturnChunk(panthor, pool, chunk);
  }
  if (typeof pool !== "number") pool.kref.put("ioctl");
}
