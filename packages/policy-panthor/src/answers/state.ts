import { gpuvmState, vmBoState } from "@gpuvm/conformance";
import { gemVmBos } from "@gpuvm/core";
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
      .map((vmBo) => vmBoState(vmBo, names.vms.get(vmBo.vm))),
  };
}

/** A VM as answers show it. */
export function vmState(names: Names, { gpuvm }: PanthorVm): Record<string, unknown> {
  return gpuvmState(
    gpuvm,
    names.vms.get(gpuvm),
    (obj) => (obj === null ? 0 : names.objects.get(obj)),
    (va) => flag((gpuvm.vas.flags(va) & VA_EVICTED) !== 0),
  );
}

export function flag(on: boolean): 0 | 1 {
  return on ? 1 : 0;
}
