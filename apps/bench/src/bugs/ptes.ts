import { gpuvaObj, gpuvmFirstVa, gpuvmNextVa } from "@gpuvm/core";
import type { World } from "@gpuvm/explorer";

/**
 * Whether the page tables of the programs' VMs say what the trees say: each mapping of an object leads to it, at the
 * right offset, and nothing else is there. Null: they do.
 */
export function treeIsMapped(world: World): string | null {
  for (const { vm, pt, freed, purpose } of world.machine.vms) {
    if (freed || purpose !== "program") continue;
    const { vas } = vm;
    for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
      if (va === vm.kernelNode) continue;
      const obj = gpuvaObj(vm, va);
      for (let at = vas.addr(va); at < vas.end(va); at += 4096) {
        const run = pt.ptes.at(at);
        if (run === null) return `0x${at.toString(16)} is mapped in the tree, but not in the page tables`;
        if (run.bo !== obj) return `0x${at.toString(16)} leads to another object than the tree says`;
        const offset = run.offset + (at - run.start);
        if (obj !== null && offset !== vas.offset(va) + (at - vas.addr(va))) {
          return `0x${at.toString(16)} leads to another page than the tree says`;
        }
      }
    }
  }
  return null;
}
