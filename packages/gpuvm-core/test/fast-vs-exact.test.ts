import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DrmDevice,
  DrmGemObject,
  type DrmGpuvm,
  type Errno,
  type Gpuva,
  type GpuvaOpPrefetch,
  type GpuvaOps,
  type GpuvaSmOp,
  gpuvaExact,
  gpuvaFind,
  gpuvaFindFirst,
  gpuvaFindNext,
  gpuvaFindPrev,
  gpuvaObj,
  gpuvaOpsFree,
  gpuvmForEachVa,
  gpuvmForEachVaRange,
  gpuvmIntervalEmpty,
  gpuvmMadviseOpsCreate,
  gpuvmPrefetchOpsCreate,
  gpuvmRangeValid,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  type U64,
} from "../src/index.ts";
import { consume, insert, newVm } from "./support/driver.ts";
import { UNITS, Writer } from "./support/notation.ts";

/** A number of the VM, at or beside something that matters. */
type Num = bigint;

interface Call {
  readonly kind: "map" | "unmap" | "madvise" | "insert" | "ask";
  readonly addr: Num;
  readonly range: Num;
  readonly obj: number;
  readonly offset: Num;
  /** Added to the address of a question: those may be anywhere. */
  readonly beside: Num;
}

interface Family {
  readonly name: string;
  readonly start: bigint;
  readonly range: bigint;
  readonly kernel: readonly [bigint, bigint];
  readonly numbers: fc.Arbitrary<Num>;
  readonly lengths: fc.Arbitrary<Num>;
  /** What the fast VM has become of its own accord at the end of some run. */
  readonly becomes: readonly ("small" | "paged" | "exact")[];
}

const big = (max: number) => fc.nat(max).map(BigInt);
const pages = (max: number) => fc.nat(max).map((n) => BigInt(n) * 4096n);

const FAMILIES: readonly Family[] = [
  {
    name: "units",
    start: 0n,
    range: 40n,
    kernel: [30n, 3n],
    numbers: big(44),
    lengths: big(12).map((n) => n + 1n),
    becomes: ["small"],
  },
  {
    name: "pages up to the end of 64 bits",
    start: 2n ** 64n - 48n * 4096n,
    range: 47n * 4096n,
    kernel: [2n ** 64n - 20n * 4096n, 2n * 4096n],
    numbers: pages(50).map((n) => BigInt.asUintN(64, 2n ** 64n - 49n * 4096n + n)),
    lengths: pages(12).map((n) => n + 4096n),
    becomes: ["paged"],
  },
  {
    name: "pages, low and high",
    start: 0n,
    range: 2n ** 64n - 4096n,
    kernel: [0n, 4096n],
    numbers: fc.oneof(
      pages(16),
      pages(16).map((n) => n + 2n ** 52n),
      pages(16).map((n) => n + 2n ** 63n),
    ),
    lengths: fc.oneof(
      pages(12).map((n) => n + 4096n),
      fc.constant(2n ** 62n),
    ),
    becomes: ["paged"],
  },
  {
    name: "units and, later, numbers that need a change of mode",
    start: 0n,
    range: 2n ** 52n,
    kernel: [0n, 0n],
    numbers: fc.oneof(
      { weight: 8, arbitrary: pages(16) },
      { weight: 1, arbitrary: big(40) },
      { weight: 1, arbitrary: pages(9).map((n) => n + 2n ** 53n) },
    ),
    lengths: fc.oneof(
      { weight: 9, arbitrary: pages(9).map((n) => n + 4096n) },
      { weight: 1, arbitrary: big(3) },
    ),
    becomes: ["small", "paged", "exact"],
  },
  {
    name: "range 0 among units",
    start: 0n,
    range: 40n,
    kernel: [30n, 3n],
    numbers: big(42),
    lengths: big(6),
    becomes: ["small", "exact"],
  },
];

function call(family: Family): fc.Arbitrary<Call> {
  return fc.record({
    kind: fc.constantFrom(
      "map" as const,
      "map" as const,
      "unmap" as const,
      "madvise" as const,
      "insert" as const,
      "ask" as const,
    ),
    addr: family.numbers,
    range: family.lengths,
    obj: fc.nat(2),
    offset: fc.oneof(family.numbers, fc.constant(0n)),
    beside: fc.constantFrom(0n, 0n, 1n, -1n, 2n ** 64n),
  });
}

/** Numbers where they are exact, bigints where not: the edge takes both. */
function either(v: bigint, asNumber: boolean): U64 {
  return asNumber && v >= 0n && v < 2n ** 64n && BigInt(Number(v)) === v ? Number(v) : v;
}

class Subject {
  readonly vm: DrmGpuvm;
  readonly #objs: readonly DrmGemObject[];
  readonly #writer: Writer;

  constructor(family: Family, exact: boolean) {
    const dev = new DrmDevice();
    const [reserveOffset, reserveRange] = family.kernel;
    this.vm = newVm({ start: family.start, range: family.range, reserveOffset, reserveRange }, dev);
    if (exact) this.vm.promote();
    this.#objs = [new DrmGemObject(dev, { name: "A" }), new DrmGemObject(dev, { name: "B" })];
    this.#writer = new Writer(this.vm, UNITS);
  }

  /** Does a call, and says all that can be seen of it. */
  do(c: Call, asNumber: boolean): unknown {
    const { vm } = this;
    const obj = this.#objs[c.obj - 1] ?? null;
    const [addr, range, offset] = [c.addr, c.range, c.offset].map((v) => either(v, asNumber)) as [
      U64,
      U64,
      U64,
    ];
    if (c.kind === "insert") return Math.min(insert(vm, addr, range, obj, offset), 0);
    if (c.kind === "ask") return this.#ask(either(c.addr + c.beside, asNumber), range);
    const req = { addr, range, obj, offset };
    if (c.kind === "map") return this.#steps(gpuvmSmMapOpsCreate(vm, req), c);
    if (c.kind === "madvise") return this.#steps(gpuvmMadviseOpsCreate(vm, req), c);
    return this.#steps(gpuvmSmUnmapOpsCreate(vm, addr, range), c);
  }

  /** All mappings. */
  state(): unknown {
    const vas: string[] = [];
    gpuvmForEachVa(this.vm, (va) => vas.push(this.#va(va)));
    return { vas, refs: this.vm.refs, mappings: this.vm.mappings };
  }

  #ask(addr: U64, range: U64): unknown {
    const { vm } = this;
    const inRange: string[] = [];
    const end = BigInt.asUintN(64, BigInt(addr)) + BigInt(range);
    if (end < 2n ** 64n) gpuvmForEachVaRange(vm, addr, end, (va) => inRange.push(this.#va(va)));
    const prefetch = gpuvmPrefetchOpsCreate(vm, addr, range) as GpuvaOps<GpuvaOpPrefetch>;
    const prefetched = prefetch.list.map((op) => this.#va(op.prefetch.va));
    gpuvaOpsFree(vm, prefetch);
    return {
      first: this.#va(gpuvaFindFirst(vm, addr, range)),
      find: this.#va(gpuvaFind(vm, addr, range)),
      prev: this.#va(gpuvaFindPrev(vm, addr)),
      next: this.#va(gpuvaFindNext(vm, addr)),
      empty: gpuvmIntervalEmpty(vm, addr, range),
      valid: gpuvmRangeValid(vm, addr, range),
      inRange,
      prefetched,
    };
  }

  #steps(ops: GpuvaOps<GpuvaSmOp> | Errno, c: Call): unknown {
    if (typeof ops === "number") return ops;
    const steps = ops.list.map((op) => this.#writer.step(op));
    // A mapping of length 0 at 0 claims the whole space, in the kernel, too: nobody may make one.
    const dry = c.range === 0n && c.addr === 0n;
    if (dry) gpuvaOpsFree(this.vm, ops);
    else consume(this.vm, ops);
    return steps;
  }

  #va(va: Gpuva): string {
    if (va === 0) return "none";
    if (va !== this.vm.kernelNode) return this.#writer.va(va);
    const { addr, range } = gpuvaExact(this.vm, va);
    return `kernel ${addr}+${range} ${gpuvaObj(this.vm, va) === null}`;
  }
}

describe.each(FAMILIES)("the fast index answers as the exact one does: $name", (family) => {
  it("for any sequence of calls", () => {
    const became = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(call(family), { minLength: 1, maxLength: 40, size: "max" }),
        fc.boolean(),
        (calls, asNumber) => {
          const fast = new Subject(family, false);
          const exact = new Subject(family, true);
          for (const c of calls) {
            if (c.kind === "insert" && c.range === 0n && c.addr === 0n) continue;
            expect(fast.do(c, asNumber)).toEqual(exact.do(c, asNumber));
            expect(fast.state()).toEqual(exact.state());
          }
          became.add(fast.vm.exact !== null ? "exact" : fast.vm.small ? "small" : "paged");
        },
      ),
      { numRuns: 200, seed: 20261123, verbose: 1 },
    );
    expect([...became].sort()).toEqual([...family.becomes].sort());
  });
});

describe("a question does not change how a VM keeps its mappings", () => {
  it("with numbers that doubles can't hold", () => {
    const vm = newVm({ start: 0, range: 2 ** 52 });
    insert(vm, 0x1000, 0x1000);
    insert(vm, 2 ** 51, 0x1000);
    expect(gpuvaFindFirst(vm, 2n ** 60n + 1n, 5n)).toBe(0);
    expect(gpuvaFindFirst(vm, 0x1fff, 2n ** 60n + 1n)).not.toBe(0);
    expect(gpuvaFind(vm, 0x1000n, 0x1000n)).not.toBe(0);
    expect(gpuvmIntervalEmpty(vm, 2n ** 62n + 3n, 1)).toBe(true);
    expect([vm.exact, vm.small]).toEqual([null, true]);
  });

  it("the double nearest to a number may lie above it, behind the mapping that covers it", () => {
    const vm = newVm({ start: 0, range: 2n ** 63n });
    const low = insert(vm, 2n ** 62n, 4096n);
    const high = insert(vm, 2n ** 62n + 4096n, 4096n);
    expect(vm.exact).toBeNull();
    expect(gpuvaFindFirst(vm, 2n ** 62n + 4095n, 1n)).toBe(low);
    expect(gpuvaFindFirst(vm, 2n ** 62n + 4096n, 1n)).toBe(high);
    expect(gpuvaFindFirst(vm, 2n ** 62n + 4095n, 2n)).toBe(low);
    expect(gpuvaFindFirst(vm, 2n ** 62n + 8191n, 1n)).toBe(high);
    expect(gpuvaFindFirst(vm, 2n ** 62n + 8192n, 1n)).toBe(0);
    expect(gpuvaFindFirst(vm, 2n ** 62n - 1n, 1n)).toBe(0);
    expect(gpuvaFindFirst(vm, 2n ** 62n - 1n, 2n)).toBe(low);
  });
});

describe("modes", () => {
  const small = () => newVm({ start: 0, range: 2 ** 52 });
  const withOffset = (vm: DrmGpuvm, offset: U64) =>
    insert(vm, 0x8000, 0x1000, new DrmGemObject(vm.dev), offset);

  it("small to paged, where everything is page-granular", () => {
    const vm = small();
    insert(vm, 0x1000, 0x1000);
    withOffset(vm, 2 ** 60);
    expect([vm.small, vm.exact]).toEqual([false, null]);
    expect(vm.mappings).toBe(2);
  });

  it("small to exact, where it is not", () => {
    for (const numbers of [
      [1, 0x1000, 0],
      [0x1000, 1, 0],
      [0x1000, 0x1000, 1],
    ] as const) {
      const vm = small();
      insert(vm, numbers[0], numbers[1], new DrmGemObject(vm.dev), numbers[2]);
      withOffset(vm, 2 ** 60);
      expect([vm.small, vm.exact === null]).toEqual([true, false]);
      expect(vm.mappings).toBe(2);
    }
  });

  it("small to exact, by a number that is in no class", () => {
    const vm = small();
    withOffset(vm, 2n ** 60n + 1n);
    expect([vm.small, vm.exact === null]).toEqual([true, false]);
  });

  it("small to exact, where a bound of the VM is not page-granular", () => {
    const vm = newVm({ start: 1, range: 2 ** 51, reserveOffset: 0x1000, reserveRange: 0x1000 });
    insert(vm, 0x4000, 0x1000, new DrmGemObject(vm.dev), 2 ** 60);
    expect([vm.small, vm.exact === null]).toEqual([true, false]);
    expect(vm.mappings).toBe(2);
  });

  it("paged to exact, by one byte", () => {
    const vm = newVm({ start: 0, range: 2n ** 63n });
    const a = insert(vm, 2 ** 60, 0x1000);
    const b = insert(vm, 2n ** 61n + 1n, 1n);
    expect(vm.exact).not.toBeNull();
    expect(gpuvaExact(vm, a)).toMatchObject({ addr: 2n ** 60n, range: 4096n, offset: 0n });
    expect(gpuvaExact(vm, b)).toMatchObject({ addr: 2n ** 61n + 1n, range: 1n, offset: 0n });
  });

  it("a VM whose bounds need it starts exact", () => {
    expect(newVm({ start: 2n ** 60n + 1n, range: 2n ** 20n }).exact).not.toBeNull();
    expect(newVm({ start: 0, range: 2n ** 64n - 1n }).exact).not.toBeNull();
    expect(newVm({ start: 0, range: 2n ** 64n - 4096n }).exact).toBeNull();
    expect(newVm({ start: 0, range: 2 ** 52 }).small).toBe(true);
    expect(newVm({ start: 0, range: 2 ** 52 + 4096 }).small).toBe(false);
  });
});
