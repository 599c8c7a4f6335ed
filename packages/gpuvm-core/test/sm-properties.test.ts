import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  DrmDevice,
  DrmGemObject,
  type DrmGpuvm,
  type Gpuva,
  type GpuvaOps,
  type GpuvaOpUnmap,
  type GpuvaSmOp,
  gemVmBos,
  gpuvaExact,
  gpuvaObj,
  gpuvaOpOldVa,
  gpuvmForEachVa,
  gpuvmMadviseOpsCreate,
  gpuvmRangeValid,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  Ledger,
} from "../src/index.ts";
import { dense, overlapping } from "./support/dense.ts";
import { close, consume, newVm } from "./support/driver.ts";

const SIZE = 24;
const OBJECTS = 3;

interface Request {
  readonly kind: "map" | "unmap" | "madvise";
  readonly addr: number;
  readonly range: number;
  readonly obj: number;
  /** `line`: the offset that continues an object's one line; else any small number, or one that is about to wrap. */
  readonly offset: number | "line" | "wrap";
}

const request: fc.Arbitrary<Request> = fc.record({
  kind: fc.constantFrom("map", "map", "map", "unmap", "madvise"),
  addr: fc.nat(SIZE),
  range: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: SIZE })),
  obj: fc.oneof(fc.constant(0), fc.nat(OBJECTS)),
  offset: fc.oneof(fc.constant("line" as const), fc.constant("wrap" as const), fc.nat(3)),
});

type Flavour = {
  readonly name: string;
  readonly base: bigint;
  readonly unit: bigint;
  readonly exact: boolean;
};

const FLAVOURS: readonly Flavour[] = [
  { name: "units", base: 0n, unit: 1n, exact: false },
  { name: "pages above 2^63", base: 2n ** 63n + 4096n, unit: 4096n, exact: false },
  { name: "odd numbers above 2^60", base: 2n ** 60n + 1n, unit: 1n, exact: false },
  { name: "units, exact", base: 0n, unit: 1n, exact: true },
];

interface World {
  readonly vm: DrmGpuvm;
  readonly objs: readonly DrmGemObject[];
  readonly flavour: Flavour;
}

function world(flavour: Flavour, kernel: boolean): World {
  const dev = new DrmDevice({ ledger: new Ledger() });
  const { base, unit } = flavour;
  const vm = newVm(
    {
      start: base,
      range: BigInt(SIZE) * unit,
      ...(kernel ? { reserveOffset: base + 20n * unit, reserveRange: 2n * unit } : {}),
    },
    dev,
  );
  if (flavour.exact) vm.promote();
  return { vm, objs: Array.from({ length: OBJECTS }, () => new DrmGemObject(dev)), flavour };
}

function numbers(
  w: World,
  r: Request,
): { addr: bigint; range: bigint; obj: DrmGemObject | null; offset: bigint } {
  const { base, unit } = w.flavour;
  const addr = base + BigInt(r.addr) * unit;
  const offset =
    r.offset === "line" ? addr - base : r.offset === "wrap" ? 2n ** 64n - 4n * unit : BigInt(r.offset) * unit;
  return {
    addr,
    range: BigInt(r.range) * unit,
    obj: r.obj === 0 ? null : (w.objs[r.obj - 1] ?? null),
    offset,
  };
}

function opsOf(w: World, r: Request): GpuvaOps<GpuvaSmOp> | number {
  const req = numbers(w, r);
  if (r.kind === "unmap") return gpuvmSmUnmapOpsCreate(w.vm, req.addr, req.range);
  return r.kind === "map" ? gpuvmSmMapOpsCreate(w.vm, req) : gpuvmMadviseOpsCreate(w.vm, req);
}

const sub = (a: bigint, b: bigint) => BigInt.asUintN(64, a - b);

/** What must hold of a list before it is applied. */
function checkSteps(w: World, r: Request, ops: GpuvaOps<GpuvaSmOp>): void {
  const { vm } = w;
  const req = numbers(w, r);
  const end = req.addr + req.range;
  const count = (op: number) => ops.list.filter((o) => o.op === op).length;
  const remaps = count(DRM_GPUVA_OP_REMAP);
  expect(remaps).toBeLessThanOrEqual(2);
  const olds = ops.list.map(gpuvaOpOldVa).filter((va) => va !== 0);
  const hit = overlapping(vm, req.addr, end);
  const straddles = (va: Gpuva) =>
    gpuvaExact(vm, va).addr < req.addr || gpuvaExact(vm, va).addr + gpuvaExact(vm, va).range > end;
  if (r.kind === "madvise") {
    expect(olds).toEqual(
      hit.filter((va) => va !== vm.kernelNode && gpuvaObj(vm, va) === null && straddles(va)),
    );
    expect(count(DRM_GPUVA_OP_MAP)).toBe(remaps);
    expect(count(DRM_GPUVA_OP_UNMAP)).toBe(0);
  } else {
    expect(olds).toEqual(hit);
    expect(count(DRM_GPUVA_OP_MAP)).toBe(r.kind === "map" ? 1 : 0);
    if (r.kind === "map") expect(ops.list.at(-1)?.op).toBe(DRM_GPUVA_OP_MAP);
  }
  for (const op of ops) {
    const va = gpuvaOpOldVa(op);
    if (va === 0) continue;
    const unmap = op.op === DRM_GPUVA_OP_REMAP ? op.remap.unmap : (op as GpuvaOpUnmap).unmap;
    const old = gpuvaExact(vm, va);
    const sameLine = sub(old.offset, old.addr) === sub(req.offset, req.addr);
    const obj = gpuvaObj(vm, va);
    expect(unmap.keep).toBe(r.kind === "map" && obj !== null && obj === req.obj && sameLine);
    expect(op.op === DRM_GPUVA_OP_REMAP).toBe(straddles(va));
  }
}

/** Every count that can be computed from the lists and the tree is what it should be. */
function checkCounts({ vm, objs }: World): void {
  const ledger = vm.dev.ledger as Ledger;
  let links = 0;
  for (const obj of objs) {
    const own = gemVmBos(obj).toArray();
    links += own.length;
    expect(own.length).toBeLessThanOrEqual(1);
    expect(obj.refs).toBe(1 + own.length);
    for (const vmBo of own) {
      const linked: Gpuva[] = [];
      for (let va = vmBo.vaHead; va !== 0; va = vm.vas.next(va)) linked.push(va);
      const mapped: Gpuva[] = [];
      gpuvmForEachVa(vm, (va) => void (gpuvaObj(vm, va) === obj && mapped.push(va)));
      expect(linked.toSorted((a, b) => a - b)).toEqual(mapped.toSorted((a, b) => a - b));
      expect(vmBo.refs).toBe(linked.length);
      expect(vmBo.vaCount).toBe(linked.length);
      expect(ledger.count(vmBo)).toBe(vmBo.refs);
    }
  }
  const kernel = vm.kernelNode === 0 ? 0 : 1;
  expect(vm.refs).toBe(1 + vm.mappings - kernel + links);
  expect(vm.vas.live).toBe(vm.mappings);
  expect(ledger.count(vm)).toBe(vm.refs);
}

describe.each(FLAVOURS)("split and merge against one entry per unit: $name", (flavour) => {
  it("holds for any sequence of requests", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(request, { minLength: 1, maxLength: 30, size: "max" }),
        (kernel, requests) => {
          const w = world(flavour, kernel);
          const { base, unit } = flavour;
          for (const r of requests) {
            const before = dense(w.vm, SIZE, base, unit);
            const req = numbers(w, r);
            const vas = w.vm.mappings;
            const ops = opsOf(w, r);
            expect(typeof ops === "number").toBe(!gpuvmRangeValid(w.vm, req.addr, req.range));
            if (typeof ops === "number") {
              expect(ops).toBe(-22);
              expect(dense(w.vm, SIZE, base, unit)).toEqual(before);
              seen.add("invalid");
              continue;
            }
            checkSteps(w, r, ops);
            const kinds = ops.list.map((op) => op.op);
            for (const op of ops) {
              if (op.op === DRM_GPUVA_OP_REMAP && op.remap.prev && op.remap.next)
                seen.add("split in the middle");
              if (
                op.op === DRM_GPUVA_OP_REMAP
                  ? op.remap.unmap.keep
                  : op.op === DRM_GPUVA_OP_UNMAP && op.unmap.keep
              )
                seen.add("keep");
            }
            if (kinds.filter((k) => k === DRM_GPUVA_OP_REMAP).length === 2) seen.add(`${r.kind} cuts two`);
            if (kinds.includes(DRM_GPUVA_OP_UNMAP)) seen.add("unmap");
            const inserted = ops.list.reduce(
              (n, op) =>
                n +
                (op.op === DRM_GPUVA_OP_MAP
                  ? 1
                  : op.op === DRM_GPUVA_OP_REMAP
                    ? Number(op.remap.prev !== null) + Number(op.remap.next !== null)
                    : 0),
              0,
            );
            const removed = ops.list.filter((op) => gpuvaOpOldVa(op) !== 0).length;
            consume(w.vm, ops);
            expect(w.vm.mappings).toBe(vas + inserted - removed);
            const after = dense(w.vm, SIZE, base, unit);
            for (let x = 0; x < SIZE; x++) {
              const inside = x >= r.addr && x < r.addr + r.range;
              if (!inside) expect(after[x]).toEqual(before[x]);
              else if (r.kind === "map") {
                expect(after[x]).toEqual({
                  obj: req.obj,
                  offset: BigInt.asUintN(64, req.offset + BigInt(x - r.addr) * unit),
                });
              } else if (r.kind === "unmap") expect(after[x]).toBeNull();
              else if (before[x]?.obj) expect(after[x]).toEqual(before[x]);
              // What madvise maps again may name the request's object; where something was, something is.
              else expect(after[x] === null).toBe(before[x] === null);
            }
            if (r.kind === "madvise") {
              for (const edge of [req.addr, req.addr + req.range]) {
                for (const va of overlapping(w.vm, edge - 1n, edge + 1n)) {
                  const { addr, range } = gpuvaExact(w.vm, va);
                  if (addr < edge && addr + range > edge) expect(gpuvaObj(w.vm, va)).not.toBeNull();
                }
              }
            }
            checkCounts(w);
          }
          close(w.vm);
          expect(new Set((w.vm.dev.ledger as Ledger).all())).toEqual(new Set(w.objs));
          expect(w.vm.dev.warnings).toBe(0);
        },
      ),
      { numRuns: 150, seed: 20261122, verbose: 1 },
    );
    expect([...seen].sort()).toEqual(
      [
        "invalid",
        "keep",
        "madvise cuts two",
        "map cuts two",
        "split in the middle",
        "unmap",
        "unmap cuts two",
      ].sort(),
    );
  });
});
