import { EBUSY, EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lockBriefly, type QueueClose, type QueueNew, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { KernelBo } from "../gem/bo.ts";
import { kernelBoCreate, kernelBoDestroy, kernelBoVmap } from "../gem/kernel-bo.ts";
import { publishTooEarly } from "../history/defects.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { vmGet } from "../mmu/vm-pool.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { checkCompletion } from "./completion.ts";
import { PanthorGroup } from "./group.ts";
import { processTilerOom } from "./oom.ts";
import { freeQueue, newQueue } from "./queue.ts";
import { stopForReset } from "./reset.ts";
import { stopWaiting } from "./run-job.ts";
import { CS_SLOTS, PRIORITIES } from "./scheduler.ts";
import { terminated } from "./term.ts";

/** Groups of a file (`MAX_GROUPS_PER_POOL`). */
const MAX_GROUPS = 128;
/** Bytes of what the firmware keeps of a suspended group, twice: in its own VM. */
const SUSPEND_BYTES = 4096;
/** Bytes of one queue's ring buffer, in the group's VM, where a request names none. */
const RING_BYTES = 64 * 1024;
/** Bytes of one queue's interface, in the firmware's VM. */
const IFACE_BYTES = 8192;
/** Bytes of the ring buffer that one profiled job takes at least, and of what is measured of it. */
const PROFILED_JOB_BYTES = 128;
const PROFILING_BYTES = 32;

/** `panthor_ioctl_group_create` */
export function* groupCreate(panthor: Panthor, file: PanthorFile, req: QueueNew): Steps<Errno> {
  const { dev } = panthor.machine;
  const queues = req.queues ?? 1;
  const priority = req.prio ?? 1;
  if (queues < 1 || queues > CS_SLOTS || priority >= PRIORITIES) return -EINVAL;
  if (file.groups.has(req.queue)) return -EINVAL;
  if (!dev.mayAlloc("panthor group")) return -ENOMEM;
  const vm = yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  const group = newGroup(panthor, vm, priority);
  const ret = yield* fill(panthor, file, group, queues, req.ring ?? RING_BYTES);
  if (ret !== 0) {
    group.kref.put("creator");
    return ret;
  }
  group.idleQueues = 2 ** queues - 1;
  const publish = () => {
    dev.ledger?.move(group.kref, "creator", file);
    file.groups.set(req.queue, group);
    file.groupNumbers.take(req.queue);
  };
  const published = yield* publishTooEarly(panthor, group, publish);
  yield* enlist(panthor, group);
  if (!published) publish();
  return 0;
}

function newGroup(panthor: Panthor, vm: PanthorVm, priority: number): PanthorGroup {
  return new PanthorGroup(panthor.machine, vm, priority, {
    term: (group) => terminated(panthor, group),
    syncUpd: (group) => syncUpdated(panthor, group),
    tilerOom: (group) => processTilerOom(panthor, group),
    release: (group) => release(panthor, group),
  });
}

/** Jobs may be done (`group_sync_upd_work`). */
function* syncUpdated(panthor: Panthor, group: PanthorGroup): Steps<void> {
  for (const queue of group.queues) checkCompletion(panthor, queue);
  group.kref.put(group.holderOf(group.syncUpdWork));
}

/** Nobody holds it any more (`group_release_work`). */
function* release(panthor: Panthor, group: PanthorGroup): Steps<void> {
  // What the group was decides nothing any more: only what it holds is left.
  const { queues, memory, vm, kref } = group;
  const told = panthor.onGroupFree === null ? null : () => panthor.onGroupFree?.(group);
  for (let queue = queues.shift(); queue !== undefined; queue = queues.shift())
    yield* freeQueue(panthor, queue);
  for (const kbo of memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);
  vm.gpuvm.put(kref);
  told?.();
}

/** Its memory: all of it but the firmware's stays mapped for the kernel. */
function* fill(
  panthor: Panthor,
  file: PanthorFile,
  group: PanthorGroup,
  queues: number,
  ring: number,
): Steps<Errno> {
  const mcu = panthor.mcu as PanthorVm;
  for (let i = 0; i < 2; i++) {
    const ret = yield* add(panthor, group, group.memory, mcu, "FW suspend buffer", SUSPEND_BYTES, false);
    if (ret !== 0) return ret;
  }
  const ret = yield* add(panthor, group, group.memory, group.vm, "Group sync objects", queues * 16, true);
  if (ret !== 0) return ret;
  if (file.groups.size >= MAX_GROUPS) return -EBUSY;
  for (let index = 0; index < queues; index++) {
    const made = yield* createQueue(panthor, group, index, ring);
    if (made !== 0) return made;
  }
  return 0;
}

/** `group_create_queue` */
function* createQueue(panthor: Panthor, group: PanthorGroup, index: number, ring: number): Steps<Errno> {
  if (ring < 4096 || ring > RING_BYTES || !Number.isInteger(Math.log2(ring))) return -EINVAL;
  if (!panthor.machine.dev.mayAlloc("panthor queue")) return -ENOMEM;
  const queue = newQueue(panthor, group, index, ring);
  group.queues.push(queue);
  const mcu = panthor.mcu as PanthorVm;
  const slots = Math.ceil(ring / PROFILED_JOB_BYTES) * PROFILING_BYTES;
  const wanted: [PanthorVm, string, number][] = [
    [group.vm, "CS ring buffer", ring],
    [mcu, "Queue FW interface", IFACE_BYTES],
    [group.vm, "Group job stats", slots],
  ];
  for (const [vm, name, bytes] of wanted) {
    const ret = yield* add(panthor, group, queue.memory, vm, name, bytes, true);
    if (ret !== 0) return ret;
  }
  return 0;
}

function* add(
  panthor: Panthor,
  group: PanthorGroup,
  to: KernelBo[],
  vm: PanthorVm,
  name: string,
  bytes: number,
  vmap: boolean,
): Steps<Errno> {
  const kbo = yield* kernelBoCreate(panthor, vm, name, bytes, group.kref);
  if (typeof kbo === "number") return kbo;
  to.push(kbo);
  return vmap ? yield* kernelBoVmap(panthor, kbo) : 0;
}

/** The scheduler knows it from now on. */
function* enlist(panthor: Panthor, group: PanthorGroup): Steps<void> {
  const { sched, machine } = panthor;
  yield* lockBriefly(machine.dev, sched.resetLock, "panthor_group_create");
  if (sched.resetInProgress) yield* stopForReset(panthor, group);
  else {
    yield* lockBriefly(machine.dev, sched.lock, "panthor_group_create");
    group.moveTo(sched.idle[group.priority] ?? null);
    unlock(machine.dev, sched.lock);
  }
  unlock(machine.dev, sched.resetLock);
}

/** `panthor_ioctl_group_destroy` */
export function* groupDestroyIoctl(panthor: Panthor, file: PanthorFile, req: QueueClose): Steps<Errno> {
  const group = file.groups.get(req.queue);
  if (group === undefined) return -EINVAL;
  file.groups.delete(req.queue);
  file.groupNumbers.release(req.queue);
  yield* groupDestroy(panthor, file, group);
  return 0;
}

/**
 * The pool lets go of a group (`panthor_group_destroy`): it takes no jobs, a tick takes it out of its slot, and its work
 * ends.
 */
export function* groupDestroy(panthor: Panthor, file: PanthorFile, group: PanthorGroup): Steps<void> {
  const { sched, machine } = panthor;
  yield* lockBriefly(machine.dev, sched.resetLock, "panthor_group_destroy");
  yield* lockBriefly(machine.dev, sched.lock, "panthor_group_destroy");
  group.destroyed = true;
  if (group.csgId >= 0) sched.queueTick(0);
  else if (!sched.resetInProgress) {
    group.moveTo(null);
    stopWaiting(panthor, group);
    group.queueWork(group.termWork);
  }
  unlock(machine.dev, sched.lock);
  unlock(machine.dev, sched.resetLock);
  group.kref.put(file);
}
