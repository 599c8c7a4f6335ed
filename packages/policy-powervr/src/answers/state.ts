import { type DrmGpuvm, gemVmBos, gpuvaObj, gpuvmForEachVa } from "@gpuvm/core";
import type { PvrBo } from "../gem/bo.ts";
import type { World } from "./world.ts";

type Line = Record<string, unknown>;

/** The objects and VMs now, as an answer says them. */
export function answerOf(world: World): { bos: Line[]; vms: Line[]; extra: Line[] } {
  const bos = [...world.bos.all()].map(([bo, number]) => boLine(world, bo, number));
  const vms = [...world.vms.all()].map(([{ vm }, number]) => ({
    vm: number,
    kref: vm.refs,
    vas: mappings(world, vm),
    extobj: objects(
      world,
      vm.extobj.list.toArray().map(({ obj }) => obj as PvrBo),
    ),
    evict: objects(
      world,
      vm.evict.list.toArray().map(({ obj }) => obj as PvrBo),
    ),
    deferred: 0,
  }));
  const extra = [...world.vms.all()].map(([{ refs }, number]) => ({ vm: number, driverRefs: refs }));
  return { bos, vms, extra };
}

function boLine(world: World, bo: PvrBo, number: number): Line {
  return {
    bo: number,
    // One reference for all handles together.
    kref: bo.refs - Math.max(0, bo.handles - 1),
    handles: bo.handles,
    vm_bos: gemVmBos(bo)
      .toArray()
      .map((vmBo) => ({
        vm: [...world.vms.all()].find(([{ vm }]) => vm === vmBo.vm)?.[1] ?? -1,
        kref: vmBo.refs,
        vas: vasOf(vmBo.vm, vmBo.vaHead),
        evicted: vmBo.evicted ? 1 : 0,
        ext: vmBo.onExtobj.list === null ? 0 : 1,
        ev: vmBo.onEvict.list === null ? 0 : 1,
      })),
  };
}

function vasOf({ vas }: DrmGpuvm, head: number): number {
  let n = 0;
  for (let va = head; va !== 0; va = vas.next(va)) n++;
  return n;
}

function mappings(world: World, vm: DrmGpuvm): unknown[] {
  const out: unknown[] = [];
  gpuvmForEachVa(vm, (va) => {
    const { vas } = vm;
    const obj = gpuvaObj(vm, va) as PvrBo;
    out.push([hex(vas.addr(va)), hex(vas.range(va)), world.bos.of(obj), hex(vas.offset(va)), 0]);
  });
  return out;
}

function objects(world: World, list: readonly PvrBo[]): (number | undefined)[] {
  return list.map((bo) => world.bos.of(bo));
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
