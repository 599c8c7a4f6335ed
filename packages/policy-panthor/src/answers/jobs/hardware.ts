import { EAGAIN, EINVAL, ENOENT, Task } from "@gpuvm/core";
import { vmActive, vmIdle } from "../../mmu/address-space.ts";
import { mmuFault } from "../../mmu/fault.ts";
import { complete } from "../../sched/csg.ts";
import { report } from "../../sched/events.ts";
import type { PanthorGroup } from "../../sched/group.ts";
import { syncQueues } from "../../sched/queue-states.ts";
import type { Words } from "./words.ts";
import { type Ask, NO_FILE, type World } from "./world.ts";

/** What the firmware, the GPU and others do when they are told to. */
export const HARDWARE: Readonly<Record<string, Ask>> = {
  done(world, w) {
    const group = resident(world, w);
    const index = w.number();
    const n = w.optional() ?? 1;
    if (typeof group === "number") return group;
    const queue = group.queues[index];
    if (queue === undefined) return -ENOENT;
    let done = 0;
    while (done < n && complete(world.panthor, queue)) done++;
    return done;
  },
  fatal(world, w) {
    const group = resident(world, w);
    const bit = 1 << w.number();
    if (typeof group === "number") return group;
    report(world.panthor, group, (events) => {
      events.fatal |= bit;
    });
    return 0;
  },
  fault(world, w) {
    const group = resident(world, w);
    const bit = 1 << w.number();
    if (typeof group === "number") return group;
    report(world.panthor, group, (events) => {
      events.fault |= bit;
    });
    return 0;
  },
  progress(world, w) {
    const group = resident(world, w);
    if (typeof group === "number") return group;
    report(world.panthor, group, (events) => {
      events.progress = true;
    });
    return 0;
  },
  mmufault(world, w) {
    const vm = world.vms.get(w.number());
    if (vm === undefined || vm.record.freed) return -ENOENT;
    if (vm.asId < 0) return -EAGAIN;
    mmuFault(world.panthor, vm.asId);
    return 0;
  },
  oom(world, w) {
    const group = resident(world, w);
    const [index, id] = [w.number(), w.number()];
    const [vtStart = 1, vtEnd = 0, fragEnd = 0] = [w.optional(), w.optional(), w.optional()];
    if (typeof group === "number") return group;
    const queue = group.queues[index];
    if (queue === undefined) return -ENOENT;
    queue.oom = { heap: world.thing("heap", id).handle & 0xffff, vtStart, vtEnd, fragEnd };
    report(world.panthor, group, (events) => {
      events.oom |= 1 << index;
    });
    return 0;
  },
  syncwait(world, w) {
    const group = resident(world, w);
    const [index, addr] = [w.number(), w.number()];
    w.number();
    if (typeof group === "number") return group;
    const queue = group.queues[index];
    if (queue === undefined) return -ENOENT;
    queue.syncwait = { addr, reached: false, bo: null };
    syncQueues(world.panthor, group);
    return 0;
  },
  fwhang(world) {
    world.panthor.gpu.hung = true;
    return 0;
  },
  groupstate(world, w) {
    const { file, handle } = world.thing("group", w.number());
    const opened = world.files.get(file);
    const group = opened?.groups.get(handle);
    const { timedout = false, fatalQueues = 0, innocent = false } = group ?? {};
    const state = (timedout ? 1 : 0) | (fatalQueues === 0 ? 0 : 2) | (innocent ? 4 : 0);
    if (opened === undefined) return NO_FILE;
    world.extra.push({ groupState: state, fatalQueues });
    return group === undefined ? -EINVAL : 0;
  },
  vmstate(world, w) {
    const vm = world.vms.get(w.number());
    if (vm === undefined) return -EINVAL;
    world.extra.push({ vmState: vm.unusable ? 1 : 0 });
    return 0;
  },
  holdop(world, w) {
    const vm = world.vms.get(w.number());
    if (vm === undefined) return -ENOENT;
    const task = new Task("recorder");
    vm.opLock.acquire(task);
    world.held.set(vm, task);
    return 0;
  },
  dropop(world, w) {
    const vm = world.vms.get(w.number());
    const task = vm === undefined ? undefined : world.held.get(vm);
    if (vm === undefined || task === undefined) return -ENOENT;
    world.held.delete(vm);
    vm.opLock.release(task);
    return 0;
  },
  activate(world, w) {
    const vm = world.vms.get(w.number());
    return vm === undefined ? -ENOENT : world.call(vmActive(world.panthor, vm));
  },
  idle(world, w) {
    const vm = world.vms.get(w.number());
    if (vm === undefined) return -ENOENT;
    vmIdle(world.panthor, vm);
    return 0;
  },
};

/** A group that is in a slot. */
function resident(world: World, w: Words): PanthorGroup | number {
  const group = world.groups.get(w.number());
  if (group === undefined || world.groups.of(group) === undefined) return -ENOENT;
  return group.csgId < 0 ? -EAGAIN : group;
}
