import { EBUSY, type Errno, type Steps } from "@gpuvm/core";
import { lockBriefly, removeFrom, type TlbCause, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { vmWasActive } from "../gem/reclaim-lists.ts";
import type { PanthorVm } from "./vm.ts";

/**
 * A user more of a VM's address space (`panthor_vm_active`): the first gives it a slot, if need be that of the VM that
 * was idle for longest.
 *
 * @returns -EBUSY where every slot is in use
 */
export function* vmActive(panthor: Panthor, vm: PanthorVm): Steps<Errno> {
  const { dev } = panthor.machine;
  if (vm.asActive > 0) {
    vm.asActive++;
    return 0;
  }
  vmWasActive(panthor.reclaim, vm);
  yield* lockBriefly(dev, vm.opLock, "panthor_vm_active");
  const ret = vm.asActive > 0 ? 0 : activate(panthor, vm);
  if (ret === 0) vm.asActive++;
  unlock(dev, vm.opLock);
  return ret;
}

function activate(panthor: Panthor, vm: PanthorVm): Errno {
  const { slots, lru, faulty } = panthor.as;
  if (vm.asId < 0) {
    let as = vm === panthor.mcu ? 0 : slots.indexOf(null, 1);
    if (as < 0) {
      const [oldest] = lru;
      if (oldest === undefined) return -EBUSY;
      as = oldest.asId;
      asDisable(panthor, as, true, "submit");
      releaseAs(panthor, oldest);
    }
    vm.asId = as;
    slots[as] = vm;
  } else if (!faulty.has(vm.asId)) {
    removeFrom(lru, vm);
    return 0;
  }
  vm.unhandledFault = false;
  faulty.delete(vm.asId);
  translatesFor(panthor, vm, vm.asId);
  panthor.onMmu?.(vm, `as_cmd ${vm.asId} UPDATE`);
  removeFrom(lru, vm);
  return 0;
}

/** What the TLB has of a slot is of the VM in it, or there is nothing. */
function translatesFor({ as: { translated }, machine }: Panthor, vm: PanthorVm, as: number): void {
  const old = translated[as] ?? null;
  if (old !== null && old !== vm) {
    const what = `${vm.gpuvm.name} gets an address space of which the TLB may have entries of ${old.gpuvm.name}`;
    machine.hazard("stale-tlb", vm.gpuvm.name, what);
  }
  translated[as] = vm;
}

/** A user less (`panthor_vm_idle`). The VM stays in its slot. */
export function vmIdle(panthor: Panthor, vm: PanthorVm): void {
  if (vm.asActive === 0 || --vm.asActive > 0) return;
  panthor.as.lru.push(vm);
}

/** The VM leaves its slot, whose MMU is off, or is about to be set up for another one (`panthor_vm_release_as_locked`). */
export function releaseAs(panthor: Panthor, vm: PanthorVm): void {
  panthor.as.slots[vm.asId] = null;
  removeFrom(panthor.as.lru, vm);
  vm.asActive = 0;
  vm.asId = -1;
}

/**
 * Caches are flushed, and nothing is translated any more (`panthor_mmu_as_disable`).
 *
 * @param recycle another VM takes the slot at once: the tables are not taken from it
 */
export function asDisable(panthor: Panthor, as: number, recycle: boolean, cause: TlbCause): void {
  const vm = panthor.as.slots[as] ?? null;
  if (vm === null) return;
  panthor.onMmu?.(vm, "gpu_flush_caches");
  vm.pt.flush(cause);
  panthor.as.translated[as] = null;
  if (vm.locked.size > 0) panthor.onMmu?.(vm, `as_cmd ${as} UNLOCK`);
  if (!recycle) panthor.onMmu?.(vm, `as_cmd ${as} UPDATE`);
}
