import { boState, gpuvmState } from "@gpuvm/conformance";
import type { DmaResv } from "@gpuvm/core";
import { VA_EVICTED } from "../../flags.ts";
import type { PanthorBo } from "../../gem/bo.ts";
import type { PanthorVm } from "../../mmu/vm.ts";
import type { PanthorGroup } from "../../sched/group.ts";
import { flag } from "../state.ts";
import type { World } from "./world.ts";

type Line = Record<string, unknown>;

/** An object: its links to VMs, what keeps its pages, and the fences that have not signalled. */
export function boLine(world: World, bo: PanthorBo, number: number): Line {
  return {
    ...boState(bo, number, (vm) => world.numberOf(vm)),
    pins: bo.pins,
    vmaps: bo.vmaps,
    pages: flag(bo.pages === "resident"),
    sgt: flag(bo.sgt),
    cls: bo.reclaimState,
    onLru: flag(bo.lru !== null),
    fences: pendingBy(bo.resv),
  };
}

/** A VM. */
export function vmLine(world: World, vm: PanthorVm, number: number): Line {
  const { gpuvm } = vm;
  return {
    ...gpuvmState(
      gpuvm,
      number,
      (obj) => (obj === null ? 0 : world.bos.of(obj as PanthorBo)),
      (va) => flag((gpuvm.vas.flags(va) & VA_EVICTED) !== 0),
    ),
    as: vm.asId,
    active: vm.asActive,
    unusable: flag(vm.unusable),
    destroyed: flag(vm.destroyed),
    fault: flag(vm.unhandledFault),
    heapPool: flag(vm.heaps !== null),
    lruCount: vm.reclaimLru.reduce((sum, { size }) => sum + size / 4096, 0),
    kernelVas: [...world.kernelBos].filter((kbo) => kbo.gpuvm === gpuvm && kbo.placed).length,
    bindQueue: vm.binds.queue.length,
    fences: pendingBy(gpuvm.resv),
  };
}

/** A group with its queues. */
export function groupLine(world: World, group: PanthorGroup, g: number): Line {
  return {
    g,
    kref: group.kref.refs,
    vm: world.vms.of(group.vm),
    state: group.state,
    csg: group.csgId,
    idle: group.idleQueues,
    blocked: group.blockedQueues,
    fatal: group.fatalQueues,
    timedout: flag(group.timedout),
    destroyed: flag(group.destroyed),
    innocent: flag(group.innocent),
    queues: group.queues.map((queue) => ({
      inFlight: queue.inFlight.map((job) => world.jobs.of(job)),
      pending: queue.entity.queue.length,
      timer: flag(queue.timeout.pending),
      syncwait: flag(queue.syncwait?.bo != null),
    })),
  };
}

/** Who is in the slots, and in which order VMs lose theirs, and their pages. */
export function deviceLines(world: World): Line {
  const { as, sched, reclaim } = world.panthor;
  const vm = (of: PanthorVm | null) => (of === null ? 0 : world.vms.of(of));
  return {
    asSlots: as.slots.map(vm),
    asLru: as.lru.map(vm),
    vmLru: reclaim.vms.map(vm),
    csg: sched.slots.map(({ group }) => (group === null ? 0 : world.groups.of(group))),
    resetPending: flag(sched.resetPending),
  };
}

/** Fences that have not signalled: kernel, write, read, bookkeep. */
function pendingBy(resv: DmaResv): number[] {
  const fences = [0, 0, 0, 0];
  for (const { usage } of resv.pending()) fences[usage] = (fences[usage] ?? 0) + 1;
  return fences;
}
