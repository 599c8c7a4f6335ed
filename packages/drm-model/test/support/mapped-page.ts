import {
  DrmGpuvm,
  gpuvaAlloc,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvmBoObtain,
  gpuvmResvObjectAlloc,
} from "@gpuvm/core";
import { Bo, KIB4, Machine, MIB2, PageTable, VmRecord } from "../../src/index.ts";

/** A VM with one page of an object mapped, on a machine that watches; the caller holds the vm_bo. */
export function mappedPage({ quarantine = false } = {}) {
  const machine = new Machine({ watch: true });
  const { dev } = machine;
  if (quarantine) dev.quarantine = true;
  const rObj = gpuvmResvObjectAlloc(dev) as NonNullable<ReturnType<typeof gpuvmResvObjectAlloc>>;
  const vm = new DrmGpuvm(dev, { rObj, start: 0, range: 2 ** 40, ops: { vmFree: () => {} } });
  const pt = new PageTable(machine, { pageSizes: [KIB4], tableSpans: [MIB2], tlb: true });
  const record = new VmRecord(0, null, vm, pt);
  machine.vms.push(record);
  const bo = new Bo(machine, { size: 4 * KIB4 });
  bo.pages = "resident";
  const vmBo = gpuvmBoObtain(vm, bo, "test");
  if (vmBo === null) throw new Error("no vm_bo");
  const mapped = (page: number) => {
    const va = gpuvaAlloc(vm);
    gpuvaInit(vm, va, page * KIB4, KIB4, bo, page * KIB4);
    gpuvaInsert(vm, va);
    gpuvaLink(vm, va, vmBo);
    return va;
  };
  const va = mapped(1);
  pt.map(KIB4, KIB4, bo, KIB4);
  const found = () => machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`);
  return { machine, vm, va, vmBo, mapped, pt, record, bo, found };
}
