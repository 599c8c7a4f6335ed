import { describe, expect, it } from "vitest";
import {
  DrmDevice,
  type Gpuva,
  type GpuvaOpPrefetch,
  type GpuvaOps,
  gpuvaExact,
  gpuvaFind,
  gpuvaFindFirst,
  gpuvaFindNext,
  gpuvaFindPrev,
  gpuvaFree,
  gpuvaRemove,
  gpuvmDump,
  gpuvmForEachVa,
  gpuvmForEachVaRange,
  gpuvmIntervalEmpty,
  gpuvmPrefetchOpsCreate,
  gpuvmRangeValid,
  hex,
} from "../src/index.ts";
import { insert, map, newVm, unmap, vasOf } from "./support/driver.ts";
import { random } from "./support/random.ts";

const TOP = 2n ** 64n;

describe.each([
  ["fast", false],
  ["exact", true],
])("looking for mappings, %s", (_, exact) => {
  const vmOf = (options: Parameters<typeof newVm>[0] = {}) => {
    const vm = newVm({ start: 0, range: 100, ...options });
    if (exact) vm.promote();
    return vm;
  };

  it("find_first: the lowest one that overlaps, both ends of the query included", () => {
    const vm = vmOf();
    const a = insert(vm, 10, 5);
    const b = insert(vm, 20, 5);
    expect(gpuvaFindFirst(vm, 14, 1)).toBe(a);
    expect(gpuvaFindFirst(vm, 15, 5)).toBe(0);
    expect(gpuvaFindFirst(vm, 15, 6)).toBe(b);
    expect(gpuvaFindFirst(vm, 0, 100)).toBe(a);
    expect(gpuvaFindFirst(vm, 9, 1)).toBe(0);
    expect(gpuvaFindFirst(vm, 9, 2)).toBe(a);
    expect(gpuvaFindFirst(vm, 24, 50)).toBe(b);
    expect(gpuvaFindFirst(vm, 25, 50)).toBe(0);
  });

  it("find_first with range 0 asks up to the address before, or, at 0, for everything", () => {
    const vm = vmOf();
    const a = insert(vm, 10, 5);
    expect(gpuvaFindFirst(vm, 10, 0)).toBe(0);
    expect(gpuvaFindFirst(vm, 11, 0)).toBe(a);
    expect(gpuvaFindFirst(vm, 15, 0)).toBe(0);
    expect(gpuvaFindFirst(vm, 0, 0)).toBe(a);
  });

  it("find: exactly this address and range", () => {
    const vm = vmOf();
    const a = insert(vm, 10, 5);
    expect(gpuvaFind(vm, 10, 5)).toBe(a);
    for (const [addr, range] of [
      [10, 4],
      [10, 6],
      [11, 4],
      [9, 6],
    ] as const) {
      expect(gpuvaFind(vm, addr, range)).toBe(0);
    }
  });

  it("find_prev looks at two units: one may begin at the start", () => {
    const vm = vmOf();
    const a = insert(vm, 10, 5);
    const b = insert(vm, 20, 5);
    expect(gpuvaFindPrev(vm, 15)).toBe(a);
    expect(gpuvaFindPrev(vm, 16)).toBe(0);
    expect(gpuvaFindPrev(vm, 20)).toBe(b);
    expect(gpuvaFindPrev(vm, 19)).toBe(0);
    expect(gpuvaFindPrev(vm, 12)).toBe(a);
    expect(gpuvaFindPrev(vm, 0)).toBe(0);
    expect(gpuvaFindPrev(vm, 100)).toBe(0);
    expect(gpuvaFindPrev(vm, 101)).toBe(0);
  });

  it("find_next looks at two units: one may begin behind a gap of one", () => {
    const vm = vmOf();
    const a = insert(vm, 10, 5);
    expect(gpuvaFindNext(vm, 10)).toBe(a);
    expect(gpuvaFindNext(vm, 9)).toBe(a);
    expect(gpuvaFindNext(vm, 8)).toBe(0);
    expect(gpuvaFindNext(vm, 14)).toBe(a);
    expect(gpuvaFindNext(vm, 15)).toBe(0);
    expect(gpuvaFindNext(vm, 100)).toBe(0);
    const last = insert(vm, 99, 1);
    expect(gpuvaFindNext(vm, 99)).toBe(last);
    expect(gpuvaFindNext(vm, TOP - 1n)).toBe(0);
  });

  it("the kernel node can be found, but not as a neighbour", () => {
    const vm = vmOf({ reserveOffset: 40, reserveRange: 10 });
    expect(gpuvaFindFirst(vm, 45, 1)).toBe(vm.kernelNode);
    expect(gpuvaFind(vm, 40, 10)).toBe(vm.kernelNode);
    expect(gpuvmIntervalEmpty(vm, 49, 5)).toBe(false);
    expect(gpuvmIntervalEmpty(vm, 50, 5)).toBe(true);
    expect(gpuvaFindPrev(vm, 50)).toBe(0);
    expect(gpuvaFindNext(vm, 40)).toBe(0);
    expect(gpuvaFindNext(vm, 39)).toBe(vm.kernelNode);
    const seen: number[] = [];
    gpuvmForEachVa(vm, (va) => seen.push(va));
    expect(seen).toEqual([vm.kernelNode]);
    expect(gpuvmDump(vm)).toEqual([]);
    const ops = gpuvmPrefetchOpsCreate(vm, 30, 20) as GpuvaOps;
    expect(ops.list.map((op) => (op as GpuvaOpPrefetch).prefetch.va)).toEqual([vm.kernelNode]);
  });

  it("the kernel node is never cut, nor removed", () => {
    const vm = vmOf({ reserveOffset: 40, reserveRange: 10 });
    for (const [addr, range] of [
      [39, 2],
      [49, 2],
      [40, 10],
      [44, 1],
      [30, 40],
    ] as const) {
      expect([map(vm, addr, range), unmap(vm, addr, range), insert(vm, addr, range)]).toEqual([
        -22, -22, -22,
      ]);
    }
    expect([map(vm, 30, 10), map(vm, 50, 10)]).toEqual([1, 1]);
    gpuvaRemove(vm, vm.kernelNode);
    expect([vm.dev.warnings, vm.mappings, vm.refs]).toEqual([1, 3, 3]);
  });

  it("a walk of a range may remove what it is shown, and insert", () => {
    const vm = vmOf();
    const vas = [10, 20, 30, 40].map((addr) => insert(vm, addr, 5));
    const seen: number[] = [];
    gpuvmForEachVaRange(vm, 12, 31, (va) => {
      seen.push(va);
      const { addr, range } = gpuvaExact(vm, va);
      gpuvaRemove(vm, va);
      gpuvaFree(vm, va);
      insert(vm, addr, 1);
      insert(vm, addr + range - 1n, 1);
    });
    expect(seen).toEqual(vas.slice(0, 3));
    expect(vasOf(vm).map((va) => Number(gpuvaExact(vm, va).addr))).toEqual([10, 14, 20, 24, 30, 34, 40]);
  });

  it("a walk of a range stops at a mapping that begins at its end", () => {
    const vm = vmOf();
    const a = insert(vm, 10, 5);
    insert(vm, 15, 5);
    const seen: number[] = [];
    gpuvmForEachVaRange(vm, 0, 15, (va) => seen.push(va));
    expect(seen).toEqual([a]);
  });

  it.each([1, 2, 3])("a walk of all goes on where it was, whatever is done in between (seed %i)", (seed) => {
    const vm = vmOf({ range: 100_000 });
    const next = random(seed);
    const at = new Map<number, Gpuva>();
    const put = (addr: number) => {
      const va = insert(vm, addr, 1);
      if (va > 0) at.set(addr, va);
    };
    const take = (addr: number) => {
      const va = at.get(addr) as Gpuva;
      gpuvaRemove(vm, va);
      gpuvaFree(vm, va);
      at.delete(addr);
    };
    const above = (addr: number) => [...at.keys()].filter((a) => a > addr).sort((a, b) => a - b)[0] ?? -1;
    for (let i = 0; i < 300; i++) put(next(100_000));
    let due = above(-1);
    let seen = 0;
    gpuvmForEachVa(vm, (va) => {
      expect(va).toBe(at.get(due));
      const here = due;
      due = above(here);
      // Not the next one: the walk has it already.
      const other = [...at.keys()][next(at.size)] as number;
      if (seen % 7 === 0) gpuvaFindFirst(vm, next(100_000), 50);
      if (seen % 3 === 0) take(here);
      else if (seen % 5 === 0) for (let i = 0; i < 20; i++) put(here + i - 10);
      else if (seen % 8 === 0 && other !== due) take(other);
      if (seed === 3 && seen === 100) vm.promote();
      seen++;
    });
    expect([due, seen > 250, vm.mappings]).toEqual([-1, true, at.size]);
  });

  it("a dead VM has no dump", () => {
    const vm = vmOf();
    vm.put("creator");
    expect(gpuvmDump(vm)).toBe(-19);
  });
});

describe("range_valid", () => {
  it.each<[string, bigint, bigint, bigint, bigint, boolean]>([
    ["all of it", 10n, 90n, 10n, 90n, true],
    ["one before", 10n, 90n, 9n, 2n, false],
    ["one behind", 10n, 90n, 99n, 2n, false],
    ["the last unit", 10n, 90n, 99n, 1n, true],
    ["nothing, at the end", 10n, 90n, 100n, 0n, true],
    ["nothing, behind the end", 10n, 90n, 101n, 0n, false],
    ["nothing, before the start", 10n, 90n, 9n, 0n, false],
    ["up to 2^64 - 1", 0n, TOP - 1n, TOP - 2n, 1n, true],
    ["up to 2^64", 0n, TOP - 1n, TOP - 1n, 1n, false],
    ["beyond 2^64", 0n, TOP - 1n, TOP - 1n, 2n, false],
    ["all of 64 bits but one", 0n, TOP - 1n, 0n, TOP - 1n, true],
    ["pages up to 2^64 - 4096", 0n, TOP - 4096n, TOP - 8192n, 4096n, true],
    ["the last page", 0n, TOP - 4096n, TOP - 4096n, 4096n, false],
    ["a VM whose end wrapped", 4096n, TOP - 4096n, 4096n, 4096n, false],
  ])("%s", (_, start, range, addr, length, valid) => {
    const vm = newVm({ start, range });
    expect(gpuvmRangeValid(vm, addr, length)).toBe(valid);
    vm.promote();
    expect(gpuvmRangeValid(vm, addr, length)).toBe(valid);
  });

  it.each([
    [39, 1, true],
    [39, 2, false],
    [40, 0, true],
    [41, 0, false],
    [49, 1, false],
    [50, 1, true],
    [50, 0, true],
    [30, 30, false],
  ] as const)("beside a kernel node at 40 to 50: [%i, +%i)", (addr, range, valid) => {
    const vm = newVm({ start: 0, range: 100, reserveOffset: 40, reserveRange: 10 });
    expect(gpuvmRangeValid(vm, addr, range)).toBe(valid);
    vm.promote();
    expect(gpuvmRangeValid(vm, addr, range)).toBe(valid);
  });

  it("init only warns of ends that wrap, and leaves a wrapping kernel node out", () => {
    const dev = new DrmDevice();
    const vm = newVm({ start: 0, range: TOP - 1n, reserveOffset: TOP - 1n, reserveRange: 2n }, dev);
    expect([dev.warnings, vm.mappings]).toEqual([1, 0]);
    expect(newVm({ start: 1n, range: TOP - 1n }, dev).mmEnd).toBe(0);
    expect(dev.warnings).toBe(2);
    vm.put("creator");
    expect(dev.warnings).toBe(2);
  });
});

describe("numbers at the edge", () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -0.5, -4096])("%d is no u64", (bad) => {
    const vm = newVm();
    expect(() => map(vm, bad, 4096)).toThrow(RangeError);
    expect(() => map(vm, 4096, bad)).toThrow(RangeError);
    expect(() => map(vm, 4096, 4096, null, bad)).toThrow(RangeError);
    expect(() => insert(vm, bad, 4096)).toThrow(RangeError);
    expect(() => gpuvaFindFirst(vm, bad, 1)).toThrow(RangeError);
    expect(() => gpuvaFind(vm, 1, bad)).toThrow(RangeError);
    expect(() => gpuvaFindPrev(vm, bad)).toThrow(RangeError);
    expect(() => gpuvmRangeValid(vm, bad, 1)).toThrow(RangeError);
    expect(() => newVm({ start: bad })).toThrow(RangeError);
    expect([vm.mappings, vm.refs, vm.exact, vm.small]).toEqual([0, 1, null, true]);
  });

  it("bigints wrap at 2^64, as the kernel's numbers do", () => {
    const vm = newVm();
    insert(vm, TOP + 4096n, 4096n);
    expect(gpuvaFind(vm, 4096, 4096)).not.toBe(0);
    expect(gpuvaFind(vm, 4096n - TOP, 4096)).not.toBe(0);
  });

  it("hex is exact wherever the number is", () => {
    for (const v of [0n, 1n, 2n ** 52n, 2n ** 53n - 1n, 2n ** 63n + 4096n, TOP - 4096n]) {
      expect(hex(Number(v))).toBe(`0x${v.toString(16)}`);
      expect(hex(v)).toBe(`0x${v.toString(16)}`);
    }
  });
});
