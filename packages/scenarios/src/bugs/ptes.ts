import { gpuvmFirstVa, gpuvmNextVa } from "@gpuvm/core";
import type { ScenarioRun } from "@gpuvm/explorer";

/**
 * Whether the page tables of the programs' VMs have what the trees say: each mapping of an object leads to it, at the
 * right offset. Null: they do.
 */
export function treeIsMapped(world: ScenarioRun): string | null {
  for (const record of world.machine.vms) {
    const { vm, freed, purpose } = record;
    if (freed || purpose !== "program") continue;
    for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
      const wrong = va === vm.kernelNode ? null : record.entriesDiffer(va, true);
      if (wrong !== null) return wrong;
    }
  }
  return null;
}
