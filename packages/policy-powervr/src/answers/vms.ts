import { type DrmGpuvm, gemVmBos, gpuvaObj, gpuvmForEachVa } from "@gpuvm/core";
import type { PvrBo } from "../gem/bo.ts";
import type { World } from "./world.ts";

/** An object of an answer. */
export type Line = Record<string, unknown>;

/** The number of the firmware's own VM. */
export const FIRMWARE_VM = -1;

/** A VM's mappings and lists. */
export function vmLine(world: World, vm: DrmGpuvm, number: number): Line {
  const vas: unknown[] = [];
  gpuvmForEachVa(vm, (va) => {
    const bo = world.bos.of(gpuvaObj(vm, va) as PvrBo);
    vas.push([hex(vm.vas.addr(va)), hex(vm.vas.range(va)), bo, hex(vm.vas.offset(va)), 0]);
  });
  const numbers = (list: { toArray(): { readonly obj: unknown }[] }) =>
    list.toArray().map(({ obj }) => world.bos.of(obj as PvrBo));
  let deferred = 0;
  for (let vmBo = vm.deferred; vmBo !== null; vmBo = vmBo.deferNext) deferred++;
  const lists = { extobj: numbers(vm.extobj.list), evict: numbers(vm.evict.list), deferred };
  return { vm: number, kref: vm.refs, vas, ...lists };
}

/** An object with its links to VMs. */
export function boLine(world: World, bo: PvrBo, number: number): Line {
  return {
    bo: number,
    // One reference for all handles together.
    kref: bo.refs - Math.max(0, bo.handles - 1),
    handles: bo.handles,
    vm_bos: gemVmBos(bo)
      .toArray()
      .map((vmBo) => ({
        vm: vmNumber(world, vmBo.vm),
        kref: vmBo.refs,
        vas: mappingsOf(vmBo.vm, vmBo.vaHead),
        evicted: vmBo.evicted ? 1 : 0,
        ext: vmBo.onExtobj.list === null ? 0 : 1,
        ev: vmBo.onEvict.list === null ? 0 : 1,
      })),
  };
}

/** The recorder's number of a VM. */
export function vmNumber(world: World, vm: DrmGpuvm): number {
  for (const [ctx, number] of world.vms.all()) if (ctx.vm === vm) return number;
  return FIRMWARE_VM;
}

function mappingsOf({ vas }: DrmGpuvm, head: number): number {
  let n = 0;
  for (let va = head; va !== 0; va = vas.next(va)) n++;
  return n;
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
