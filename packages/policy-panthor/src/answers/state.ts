import { type DrmGpuvm, type DrmGpuvmBo, gemVmBos, gpuvaObj, gpuvmForEachVa, type List } from "@gpuvm/core";
import { VA_EVICTED } from "../flags.ts";
import type { PanthorBo } from "../gem/bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { Names } from "./names.ts";

/** An object as answers show it. The kernel has one reference for all handles together. */
export function boState(names: Names, bo: PanthorBo): Record<string, unknown> {
  return {
    bo: names.objects.get(bo),
    kref: bo.refs - Math.max(0, bo.handles - 1),
    handles: bo.handles,
    vm_bos: gemVmBos(bo)
      .toArray()
      .map((vmBo) => ({
        vm: names.vms.get(vmBo.vm),
        kref: vmBo.refs,
        vas: vmBo.vaCount,
        evicted: flag(vmBo.evicted),
        ext: flag(vmBo.onExtobj.list !== null),
        ev: flag(vmBo.onEvict.list !== null),
      })),
  };
}

/** A VM as answers show it. */
export function vmState(names: Names, { gpuvm }: PanthorVm): Record<string, unknown> {
  const { vas } = gpuvm;
  const tree: unknown[] = [];
  gpuvmForEachVa(gpuvm, (va) => {
    const obj = gpuvaObj(gpuvm, va);
    const evicted = flag((vas.flags(va) & VA_EVICTED) !== 0);
    const bo = obj === null ? 0 : names.objects.get(obj);
    tree.push([hex(vas.addr(va)), hex(vas.range(va)), bo, hex(vas.offset(va)), evicted]);
  });
  return {
    vm: names.vms.get(gpuvm),
    kref: gpuvm.refs,
    vas: tree,
    extobj: listed(names, gpuvm.extobj.list),
    evict: listed(names, gpuvm.evict.list),
    deferred: zombies(gpuvm),
  };
}

function listed(names: Names, list: List<DrmGpuvmBo>): unknown[] {
  return list.toArray().map(({ obj }) => names.objects.get(obj));
}

function zombies(gpuvm: DrmGpuvm): number {
  let n = 0;
  for (let vmBo = gpuvm.deferred; vmBo !== null; vmBo = vmBo.deferNext) n++;
  return n;
}

export function flag(on: boolean): 0 | 1 {
  return on ? 1 : 0;
}

export function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
