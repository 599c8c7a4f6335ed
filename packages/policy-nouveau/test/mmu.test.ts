import { Machine } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { GF100, GM200, GP100, VMM_FUNCS, type VmmFunc } from "../src/mmu/desc.ts";
import { Space } from "../src/mmu/space.ts";
import { sparseBlocks } from "../src/mmu/sparse-blocks.ts";
import { type MmuEvent, Vmm } from "../src/mmu/vmm.ts";

const NOTHING = { bo: null, offset: 0 };
const K64 = 2 ** 16;
const M2 = 2 ** 21;

function vmm(func: VmmFunc, raw = true): { mmu: Vmm; events: MmuEvent[] } {
  const events: MmuEvent[] = [];
  return { mmu: new Vmm(new Machine(), func, "vmm", raw, (event) => events.push(event)), events };
}

describe("page tables of nvkm", () => {
  it("flush for a table made, for a map, for an unmap, for a table freed: once for each call", () => {
    const { mmu } = vmm(GP100);
    const { tlb } = mmu.machine.counts;
    expect(mmu.get(M2, K64, 12)).toBe(0);
    mmu.map(M2, K64, 12, NOTHING);
    mmu.unmap(M2, K64, 12, false);
    mmu.put(M2, K64, 12);
    expect([tlb.table, tlb.map, tlb.unmap]).toEqual([2, 1, 1]);
    expect(mmu.counts.tables).toBe(1);
  });

  it("stay while somebody has references, without entries", () => {
    const { mmu } = vmm(GP100);
    mmu.get(0, K64, 12);
    mmu.get(0, 4096, 12);
    mmu.put(0, K64, 12);
    expect(mmu.counts.tables).toBe(5);
    mmu.put(0, 4096, 12);
    expect([mmu.counts.tables, mmu.referenced]).toEqual([1, false]);
  });

  it("of large and of small pages for one range are two, counted apart", () => {
    const { mmu, events } = vmm(GP100);
    mmu.get(0, K64, 16);
    mmu.get(K64, K64, 12);
    expect(events.filter(([what]) => what === "table get").map(([, bytes]) => bytes)).toEqual([
      32, 4096, 4096, 4096, 256, 4096,
    ]);
    events.length = 0;
    mmu.put(0, K64, 16);
    expect(events).toEqual([
      ["flush", 3],
      ["table put", 256],
    ]);
  });

  it("write nothing into a table that goes, where programs do not manage addresses", () => {
    const { mmu, events } = vmm(GP100, false);
    mmu.getMap(0, 4096, 12, NOTHING);
    mmu.unmapPut(0, 4096, 12);
    expect([...mmu.counts.leafDropped]).toEqual([[4096, 1]]);
    expect(mmu.counts.leafCleared.size).toBe(0);
    expect(events.filter(([what]) => what === "flush")).toEqual([
      ["flush", 0],
      ["flush", 0],
    ]);
  });

  it("that cannot be made leave nothing", () => {
    const { mmu } = vmm(GP100);
    let left = 6;
    mmu.machine.dev.failAlloc = (what) => what === "nouveau page table" && --left === 0;
    expect(mmu.get(M2 - K64, 2 * M2, 12)).toBe(-12);
    expect([mmu.counts.tables, mmu.referenced]).toEqual([1, false]);
  });

  it("a reference that nobody took is found when it is put", () => {
    const { mmu } = vmm(GP100);
    expect(() => mmu.put(0, 4096, 12)).toThrow(/nobody holds/);
    mmu.get(0, 4096, 12);
    expect(() => mmu.put(0, K64, 12)).toThrow(/nobody took/);
  });

  it.each([
    ["gp100", 49, [47, 38, 29, 21, 16, 12]],
    ["gm200", 40, [27, 17, 12]],
    ["gf100", 40, [17, 12]],
  ])("%s: %i bits of addresses", (name, bits, shifts) => {
    const func = VMM_FUNCS.get(name);
    expect([func?.bits, func?.pages.map(({ shift }) => shift)]).toEqual([bits, shifts]);
  });

  it("gm200 and gf100 have two levels, and tables of 256 KiB for small pages", () => {
    for (const func of [GM200, GF100]) {
      const { mmu } = vmm(func);
      mmu.get(0, K64, 12);
      expect([mmu.counts.tables, mmu.counts.tableBytes]).toEqual([2, K64 + 2 ** 18]);
    }
    expect(vmm(GF100).mmu.sparse(0, 2 ** 17, true)).toBe(-22);
    expect(vmm(GM200).mmu.sparse(0, 2 ** 27, true)).toBe(0);
  });
});

describe("sparse ranges", () => {
  it("use the greatest entries that fit, up to those of the root", () => {
    const shifts = (addr: number, size: number) =>
      [...sparseBlocks(GP100, addr, size)].map(({ page, bytes }) => [page.shift, bytes / 2 ** page.shift]);
    expect(shifts(0, 2 ** 47)).toEqual([[47, 1]]);
    expect(shifts(2 ** 29, 2 ** 30)).toEqual([[29, 2]]);
    expect(shifts(M2 - K64, M2 + K64 + 4096)).toEqual([
      [16, 1],
      [21, 1],
      [12, 1],
    ]);
  });
});

describe("addresses that nvkm chooses", () => {
  it("come from the smallest hole that does, and join again", () => {
    const space = new Space(4096, 2 ** 30);
    const a = space.get(K64, 4096);
    const b = space.get(4096, 4096);
    space.get(4096, 4096);
    space.put(b ?? 0, 4096);
    expect(space.get(4096, 4096)).toBe(b);
    expect(space.get(K64, K64)).toBe(2 * K64);
    space.put(a ?? 0, K64);
    expect(space.get(K64 + 4096, 4096)).not.toBe(a);
    expect(new Space(0, 0).get(4096, 4096)).toBe(null);
  });
});
