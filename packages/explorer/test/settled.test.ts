import {
  DrmGpuvm,
  type DrmGpuvmBo,
  gpuvaAlloc,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvmBoCreate,
  gpuvmFirstVa,
  gpuvmResvObjectAlloc,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { Bo, KIB4, Kref, Machine, MIB2, PageTable, VmRecord } from "@gpuvm/drm-model";
import { expect, it } from "vitest";
import { auditVms } from "../src/properties/audit.ts";
import { auditCounts, entriesSettled, everythingDone, stillCounted } from "../src/properties/settled.ts";

function setup() {
  const machine = new Machine({ watch: true });
  const rObj = gpuvmResvObjectAlloc(machine.dev);
  if (rObj === null) throw new Error("no resv object");
  const vm = new DrmGpuvm(machine.dev, { rObj, start: 0, range: 2 ** 40, ops: { vmFree: () => {} } });
  const pt = new PageTable(machine, { pageSizes: [KIB4], tableSpans: [MIB2], tlb: true });
  const record = new VmRecord(0, null, vm, pt);
  machine.vms.push(record);
  const bo = new Bo(machine, { size: 4 * KIB4 });
  bo.pages = "resident";
  const va = gpuvaAlloc(vm);
  gpuvaInit(vm, va, KIB4, KIB4, bo, 0);
  gpuvaInsert(vm, va);
  return { machine, vm, pt, record, bo };
}

it("a mapping without entries is found, unless its entries come later or nobody trusts them", () => {
  const { machine, pt, record, bo } = setup();
  expect(entriesSettled(machine, false)?.message).toMatch(/0x1000 is mapped in the tree, but not/);
  record.late = true;
  expect(entriesSettled(machine, false)).toBeNull();
  expect(entriesSettled(machine, true)?.kind).toBe("stale-pte");
  record.broken = true;
  expect(entriesSettled(machine, true)).toBeNull();
  record.broken = false;
  record.absent = () => true;
  expect(entriesSettled(machine, true)).toBeNull();
  record.absent = null;
  pt.map(KIB4, KIB4, bo, 0);
  expect(entriesSettled(machine, true)).toBeNull();
});

it("a mapping without entries is found where the driver takes it to have some, whether or not its object has pages", () => {
  const { machine, pt, record, bo } = setup();
  bo.pages = "evicted";
  expect(entriesSettled(machine, false)).toBeNull();
  record.absent = () => false;
  expect(entriesSettled(machine, false)?.message).toMatch(/0x1000 has no entry, and the driver takes it/);
  pt.map(KIB4, KIB4, bo, 0);
  expect(entriesSettled(machine, false)).toBeNull();
});

it("a mapping that leads to a vm_bo that is gone is found", () => {
  const { machine, vm, bo } = setup();
  expect(auditVms(machine)).toBeNull();
  const vmBo = gpuvmBoCreate(vm, bo, "test") as DrmGpuvmBo;
  const va = gpuvmFirstVa(vm);
  bo.resv.acquire(machine.dev.current);
  gpuvaLink(vm, va, vmBo);
  bo.resv.release(machine.dev.current);
  expect(auditVms(machine)).toBeNull();
  (vm.bos as (DrmGpuvmBo | null)[])[vmBo.slot] = null;
  expect(auditVms(machine)?.message).toMatch(/leads to a vm_bo that is gone/);
});

it("an entry without mapping is found, and one that the TLB may have", () => {
  const { machine, pt, bo } = setup();
  pt.map(KIB4, 2 * KIB4, bo, 0);
  expect(entriesSettled(machine, false)?.message).toMatch(/0x2000 leads to bo#\d+, but nothing is mapped/);
  pt.unmap(2 * KIB4, KIB4, "within-call");
  expect(entriesSettled(machine, false, true)).toBeNull();
  expect(entriesSettled(machine, false)?.kind).toBe("stale-tlb");
  pt.flush("unmap");
  expect(entriesSettled(machine, false)).toBeNull();
});

it("a fence that never signals is found, where it holds up an object or a VM", () => {
  const { machine, vm, pt, bo } = setup();
  pt.map(KIB4, KIB4, bo, 0);
  expect(everythingDone(machine)).toBeNull();
  for (const resv of [vm.resv, bo.resv]) {
    const fence = machine.fence(machine.fenceContext(), 1);
    resv.acquire(machine.dev.current);
    resv.reserve(1);
    resv.addFence(fence, USAGE_BOOKKEEP);
    resv.release(machine.dev.current);
    expect(everythingDone(machine)?.kind).toBe("unsignalled-fence");
    fence.signal();
  }
  expect(everythingDone(machine)).toBeNull();
});

it("pins below zero, and what is counted when the driver is gone, are found", () => {
  const { machine, bo } = setup();
  expect(auditCounts(machine)).toBeNull();
  bo.pins--;
  expect(auditCounts(machine)?.kind).toBe("count-underflow");
  expect(stillCounted(machine)?.message).toMatch(/there are left: resv object/);
  new Kref(machine.dev, "queue#7", "file", () => {});
  expect(stillCounted(machine)?.message).toMatch(/there are left: queue#7/);
});
