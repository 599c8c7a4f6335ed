import {
  type DrmGemObject,
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Gpuva,
  gemVmBos,
  gpuvaObj,
  gpuvmForEachVa,
} from "@gpuvm/core";

/** A number as the recorders write an address or a size: `0x1000`. */
export function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

/**
 * A `drm_gpuvm_bo` as every recorder of drivers writes it.
 *
 * @param vm the recorder's number of its VM
 */
export function vmBoState(vmBo: DrmGpuvmBo, vm: unknown): Record<string, unknown> {
  return {
    vm,
    kref: vmBo.refs,
    vas: vmBo.vaCount,
    evicted: vmBo.evicted ? 1 : 0,
    ext: vmBo.onExtobj.list === null ? 0 : 1,
    ev: vmBo.onEvict.list === null ? 0 : 1,
  };
}

/**
 * An object as the recorders of drivers write it; a driver adds what it knows besides.
 *
 * @param number the recorder's number of it
 * @param numberOf the recorder's number of a VM
 * @param vmBos its links to VMs that the recorder told; default: all
 */
export function boState(
  bo: DrmGemObject & { readonly handles: number },
  number: number,
  numberOf: (vm: DrmGpuvm) => unknown,
  vmBos: readonly DrmGpuvmBo[] = gemVmBos(bo).toArray(),
): Record<string, unknown> {
  return {
    bo: number,
    // One reference for all handles together.
    kref: bo.refs - Math.max(0, bo.handles - 1),
    handles: bo.handles,
    vm_bos: vmBos.map((vmBo) => vmBoState(vmBo, numberOf(vmBo.vm))),
  };
}

/**
 * A `drm_gpuvm` as every recorder of drivers writes it: references, mappings, lists.
 *
 * @param vm the recorder's number of it
 * @param boOf the recorder's number of an object, or of none
 * @param flagsOf what the recorder adds to a mapping
 */
export function gpuvmState(
  gpuvm: DrmGpuvm,
  vm: unknown,
  boOf: (obj: DrmGemObject | null) => unknown,
  flagsOf: (va: Gpuva) => number,
): Record<string, unknown> {
  const { vas, kernelNode } = gpuvm;
  const rows: unknown[] = [];
  gpuvmForEachVa(gpuvm, (va) => {
    if (va === kernelNode) return;
    const bo = boOf(gpuvaObj(gpuvm, va));
    rows.push([hex(vas.addr(va)), hex(vas.range(va)), bo, hex(vas.offset(va)), flagsOf(va)]);
  });
  const listed = (list: { toArray(): DrmGpuvmBo[] }) => list.toArray().map(({ obj }) => boOf(obj));
  let deferred = 0;
  for (let vmBo = gpuvm.deferred; vmBo !== null; vmBo = vmBo.deferNext) deferred++;
  return {
    vm,
    kref: gpuvm.refs,
    vas: rows,
    extobj: listed(gpuvm.extobj.list),
    evict: listed(gpuvm.evict.list),
    deferred,
  };
}
