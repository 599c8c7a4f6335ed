import { describe, expect, it } from "vitest";
import { HEAP, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const MIB2 = 2 ** 21;
const GIB = 2 ** 30;
const VM: Line = { op: "vm_create", vm: 1 };
const gem = (bo: number, size: number): Line => ({ op: "gem_new", bo, size, flags: 0 });

function counts(script: Script) {
  const record = script.replay.machine.vms.find(({ purpose }) => purpose === "program");
  if (record === undefined) throw new Error("no VM");
  return record.pt.counts;
}

describe("page tables", () => {
  it("a VM has its root from the beginning until the mappings are gone", () => {
    const script = new Script();
    script.run(VM);
    const { tables } = counts(script);
    const pt = counts(script);
    script.run({ op: "vm_destroy", vm: 1 });
    expect([tables, pt.tables]).toEqual([1, 0]);
  });

  it("a map allocates for each GiB and 2 MiB that it touches, and gives back what was there", () => {
    const script = new Script();
    script.run(VM, gem(1, 4 * MIB2), map(1, HEAP + GIB - MIB2, 2 * MIB2));
    const pt = counts(script);
    // Two level 1 tables and two level 0 tables.
    expect([pt.tables, pt.tablesAllocated, pt.tablesFreed]).toEqual([5, 5, 0]);
    expect([...pt.tableWritten]).toEqual([
      [2, 2],
      [1, 2],
    ]);
    script.run(map(1, HEAP + GIB - MIB2, K4));
    expect([pt.tables, pt.tablesAllocated, pt.tablesFreed]).toEqual([5, 7, 2]);
  });

  it("a table goes with its last page, and the one above with its last table", () => {
    const script = new Script();
    script.run(VM, gem(1, 2 * K4), map(1, HEAP, K4), map(1, HEAP + MIB2, K4));
    const pt = counts(script);
    expect(pt.tables).toBe(4);
    script.run(unmap(HEAP, K4));
    expect([pt.tables, [...pt.tableCleared]]).toEqual([3, [[1, 1]]]);
    script.run(unmap(HEAP + MIB2, K4));
    expect(pt.tables).toBe(1);
    expect([...pt.tableCleared]).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect([...pt.leafCleared]).toEqual([[K4, 2]]);
  });
});

describe("flushes of the MMU caches", () => {
  it("are told apart by their cause", () => {
    const script = new Script();
    const { tlb } = script.replay.machine.counts;
    script.run(VM, gem(1, K4), { op: "queue_new", queue: 5, vm: 1, class: 1 }, map(1, HEAP, K4));
    expect(tlb.total).toBe(0);
    script.run({ op: "exec", jobs: [[2, 5, 0]] });
    expect(tlb.submit).toBe(1);
    script.run(unmap(HEAP, K4));
    expect(tlb.unmap).toBe(1);
    script.run(map(1, HEAP, K4), { op: "vm_destroy", vm: 1 }, { op: "queue_close", queue: 5 });
    script.replay.machine.quiesce();
    // Each object of the firmware's, and each mapping of the VM, is an unmap of its own.
    expect([tlb.unmap, tlb.close > 2]).toEqual([1, true]);
  });
});
