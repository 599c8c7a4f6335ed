import type { Bo, Machine } from "@gpuvm/drm-model";
import { liveVms } from "./snapshot.ts";

/** Locks of objects and VMs that are held, and by whom. */
export function locksHeld(machine: Machine): string[] {
  const locks = [...machine.memory.objects].flatMap(({ resv }) =>
    resv.owner === null ? [] : [`${resv.name} is held by ${resv.owner.name}`],
  );
  for (const { vm } of liveVms(machine)) {
    if (vm.resv.owner !== null) locks.push(`${vm.name}'s reservation is held by ${vm.resv.owner.name}`);
  }
  return [...new Set(locks)];
}

/** Page-table entries, a line for each run of them; `bos`: only those that lead to these. */
export function entriesOf(machine: Machine, bos: readonly Bo[] | null = null): string[] {
  return liveVms(machine).flatMap(({ vm, pt }) =>
    pt.ptes
      .runs()
      .filter(({ bo }) => bos === null || (bo !== null && bos.includes(bo)))
      .map(
        ({ start, end, bo }) =>
          `${vm.name}: 0x${start.toString(16)} to 0x${end.toString(16)} leads to ${bo?.name ?? "nothing (null pages)"}`,
      ),
  );
}
