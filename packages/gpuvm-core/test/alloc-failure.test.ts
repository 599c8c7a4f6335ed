import { describe, expect, it } from "vitest";
import {
  DrmDevice,
  DrmGemObject,
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Gpuva,
  type GpuvaOp,
  GpuvaOpSlot,
  type GpuvaOps,
  type GpuvaOpUnmap,
  type GpuvaSmOp,
  gpuvaBo,
  gpuvaOpsFree,
  gpuvmBoCreate,
  gpuvmBoObtain,
  gpuvmBoUnmapOpsCreate,
  gpuvmForEachVa,
  gpuvmMadviseOpsCreate,
  gpuvmPrefetchOpsCreate,
  gpuvmResvObjectAlloc,
  gpuvmSmMap,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmap,
  gpuvmSmUnmapOpsCreate,
  Ledger,
} from "../src/index.ts";
import { applyOp, consume, insert, newVm, vasOf } from "./support/driver.ts";

interface World {
  readonly vm: DrmGpuvm;
  readonly a: DrmGemObject;
  readonly vmBo: DrmGpuvmBo;
}

/** Three mappings of one object, three sparse ones, a reserved node. */
function world(ops: Parameters<typeof newVm>[0] = {}): World {
  const dev = new DrmDevice({ ledger: new Ledger() });
  const vm = newVm({ reserveOffset: 200, reserveRange: 10, ...ops }, dev);
  const a = new DrmGemObject(dev);
  for (const addr of [0, 10, 20]) insert(vm, addr, 10, a, addr);
  for (const addr of [30, 40, 50]) insert(vm, addr, 10);
  return { vm, a, vmBo: gpuvaBo(vm, vasOf(vm)[0] as Gpuva) as DrmGpuvmBo };
}

/** All that may be seen of a world. */
function state({ vm, a, vmBo }: World): unknown {
  const vas: number[][] = [];
  gpuvmForEachVa(vm, (va) => vas.push([va, vm.vas.addr(va), vm.vas.range(va), vm.vas.owner(va)]));
  return {
    vas,
    live: vm.vas.live,
    refs: [vm.refs, a.refs, vmBo.refs],
    links: a.gpuva.length,
    warnings: vm.dev.warnings,
  };
}

const CALLS: readonly (readonly [string, (w: World) => GpuvaOps | number, steps: number])[] = [
  ["sm_map", (w) => gpuvmSmMapOpsCreate(w.vm, { addr: 5, range: 50, obj: w.a, offset: 5 }), 7],
  ["sm_unmap", (w) => gpuvmSmUnmapOpsCreate(w.vm, 5, 50), 6],
  ["madvise", (w) => gpuvmMadviseOpsCreate(w.vm, { addr: 35, range: 20, obj: null, offset: 0 }), 4],
  ["prefetch", (w) => gpuvmPrefetchOpsCreate(w.vm, 0, 205), 7],
  ["bo_unmap", (w) => gpuvmBoUnmapOpsCreate(w.vmBo), 3],
];

describe.each(CALLS)("a list of %s", (_, create, steps) => {
  it("when any of its allocations fails: -ENOMEM, and nothing has changed", () => {
    for (let fail = 0; fail < steps; fail++) {
      const w = world();
      const before = state(w);
      let n = 0;
      w.vm.dev.failAlloc = (what) => what === "op" && n++ === fail;
      expect(create(w)).toBe(-12);
      expect(state(w)).toEqual(before);
      w.vm.dev.failAlloc = null;
      const ops = create(w) as GpuvaOps<GpuvaSmOp>;
      expect(ops.length).toBe(steps);
      gpuvaOpsFree(w.vm, ops);
    }
  });

  it("gives every operation that the driver allocated back to it", () => {
    for (let fail = 0; fail <= steps; fail++) {
      let out = 0;
      let n = 0;
      const w = world({
        ops: {
          vmFree() {},
          opAlloc: () => {
            if (n++ === fail) return null;
            out++;
            return new GpuvaOpSlot();
          },
          opFree: (op: GpuvaOp) => {
            expect(op).toBeInstanceOf(GpuvaOpSlot);
            out--;
          },
        },
      });
      const ops = create(w);
      if (typeof ops === "number") expect(ops).toBe(-12);
      else {
        expect(out).toBe(steps);
        gpuvaOpsFree(w.vm, ops);
      }
      expect(out).toBe(0);
    }
  });

  it("is freed once", () => {
    const w = world();
    const ops = create(w) as GpuvaOps<GpuvaSmOp>;
    gpuvaOpsFree(w.vm, ops);
    expect(ops.length).toBe(0);
    expect(() => gpuvaOpsFree(w.vm, ops)).toThrow(expect.objectContaining({ code: "USE_AFTER_FREE" }));
  });
});

describe("other allocations", () => {
  it("a vm_bo: null, and nothing has changed", () => {
    const w = world();
    const other = new DrmGemObject(w.vm.dev);
    const before = state(w);
    w.vm.dev.failAlloc = (what) => what === "vm_bo";
    expect([gpuvmBoCreate(w.vm, other, "t"), gpuvmBoObtain(w.vm, other, "t")]).toEqual([null, null]);
    expect([state(w), other.refs, other.gpuva.length]).toEqual([before, 1, 0]);
    expect(gpuvmBoObtain(w.vm, w.a, "t")).toBe(w.vmBo);
  });

  it("a resv object: null", () => {
    const dev = new DrmDevice();
    dev.failAlloc = (what) => what === "resv object";
    expect(gpuvmResvObjectAlloc(dev)).toBeNull();
    dev.failAlloc = () => false;
    expect(gpuvmResvObjectAlloc(dev)?.size).toBe(0);
  });
});

describe("callback form", () => {
  it("needs no memory for operations", () => {
    const steps: number[] = [];
    const step = (op: GpuvaOp) => {
      steps.push(op.op);
      return 0;
    };
    const w = world({ ops: { vmFree() {}, smStepMap: step, smStepRemap: step, smStepUnmap: step } });
    w.vm.dev.failAlloc = () => true;
    expect(gpuvmSmMap(w.vm, null, { addr: 5, range: 50, obj: w.a, offset: 0 })).toBe(0);
    expect(steps).toEqual([1, 2, 2, 2, 2, 1, 0]);
  });

  it("gives each kind of step to its own callback", () => {
    const log: string[] = [];
    const to = (name: string) => (op: GpuvaOp) => {
      log.push(`${name} ${op.op}`);
      return 0;
    };
    const w = world({
      ops: { vmFree() {}, smStepMap: to("map"), smStepRemap: to("remap"), smStepUnmap: to("unmap") },
    });
    gpuvmSmMap(w.vm, null, { addr: 5, range: 15, obj: w.a, offset: 0 });
    expect(log).toEqual(["remap 1", "unmap 2", "map 0"]);
    gpuvmSmUnmap(w.vm, null, 5, 15);
    expect(log.slice(3)).toEqual(["remap 1", "unmap 2"]);
  });

  it("wants all three callbacks for a map, two for an unmap", () => {
    const step = () => 0;
    const of = (...names: string[]) =>
      newVm({ ops: { vmFree() {}, ...Object.fromEntries(names.map((name) => [name, step])) } });
    const req = { addr: 0, range: 16, obj: null, offset: 0 };
    const all = ["smStepMap", "smStepRemap", "smStepUnmap"];
    for (const missing of all) {
      const vm = of(...all.filter((name) => name !== missing));
      expect(gpuvmSmMap(vm, null, req)).toBe(-22);
      expect(gpuvmSmUnmap(vm, null, 0, 16)).toBe(missing === "smStepMap" ? 0 : -22);
    }
    expect([gpuvmSmMap(of(...all), null, req), gpuvmSmUnmap(of(...all), null, 0, 16)]).toEqual([0, 0]);
    expect([
      gpuvmSmMap(of(...all), null, { ...req, range: 2 ** 50 }),
      gpuvmSmUnmap(of(...all), null, 0, 2 ** 50),
    ]).toEqual([-22, -22]);
  });

  it("a callback that fails ends the walk with its answer; what was applied stays", () => {
    for (const [at, left] of [
      [0, 6],
      [1, 6],
      [2, 5],
      [3, 4],
      [5, 2],
      [6, 2],
    ] as const) {
      let n = 0;
      const step = (op: GpuvaOp, priv: unknown) => {
        expect(priv).toBe("priv");
        if (n++ === at) return -5;
        applyOp(w.vm, op);
        return 0;
      };
      const w = world({ ops: { vmFree() {}, smStepMap: step, smStepRemap: step, smStepUnmap: step } });
      expect(gpuvmSmMap(w.vm, "priv", { addr: 5, range: 50, obj: w.a, offset: 0 })).toBe(-5);
      expect([n, vasOf(w.vm).length]).toEqual([at + 1, left]);
    }
  });

  it("an operation of a list outlives the next request's list", () => {
    const w = world();
    const first = gpuvmSmUnmapOpsCreate(w.vm, 0, 10) as GpuvaOps<GpuvaSmOp>;
    const second = gpuvmSmUnmapOpsCreate(w.vm, 10, 10) as GpuvaOps<GpuvaSmOp>;
    expect(first.at(0)).not.toBe(second.at(0));
    expect([first, second].map((ops) => (ops.at(0) as GpuvaOpUnmap).unmap.va)).toEqual(
      vasOf(w.vm).slice(0, 2),
    );
    expect([consume(w.vm, first), consume(w.vm, second), vasOf(w.vm).length]).toEqual([1, 1, 4]);
    const third = gpuvmSmUnmapOpsCreate(w.vm, 20, 10) as GpuvaOps<GpuvaSmOp>;
    expect([...third].map((op) => op.op)).toEqual([2]);
    expect(third.length).toBe(1);
  });
});
