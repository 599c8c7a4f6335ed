import { describe, expect, it } from "vitest";
import {
  DrmDevice,
  DrmGemObject,
  DrmGpuvm,
  type DrmGpuvmBo,
  type Gpuva,
  type GpuvaOpRemap,
  type GpuvaOps,
  gpuvaAlloc,
  gpuvaBo,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemap,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoCreate,
  gpuvmBoForEachVa,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmResvObjectAlloc,
  gpuvmSmMapOpsCreate,
  Ledger,
} from "../src/index.ts";
import { close, insert, newVm } from "./support/driver.ts";

/** Linked VAs, both ways along the list. */
function linked(vmBo: DrmGpuvmBo): number[] {
  const { vas } = vmBo.vm;
  const forth: number[] = [];
  gpuvmBoForEachVa(vmBo, (va) => forth.push(va));
  const back: number[] = [];
  for (let va = vmBo.vaTail; va !== 0; va = vas.prev(va)) back.push(va);
  expect(back.reverse()).toEqual(forth);
  expect(vmBo.vaCount).toBe(forth.length);
  return forth;
}

describe("a VA", () => {
  it("holds its VM while it is in the tree, and its vm_bo while it is linked: one has nothing to do with the other", () => {
    const vm = newVm();
    const obj = new DrmGemObject(vm.dev);
    const vmBo = gpuvmBoObtain(vm, obj, "test") as DrmGpuvmBo;
    const counts = () => [vm.refs, vmBo.refs, obj.refs];
    expect(counts()).toEqual([2, 1, 2]);
    const va = gpuvaAlloc(vm);
    gpuvaInit(vm, va, 0x1000, 0x1000, obj, 0);
    expect(counts()).toEqual([2, 1, 2]);
    expect(gpuvaInsert(vm, va)).toBe(0);
    expect(counts()).toEqual([3, 1, 2]);
    gpuvaLink(vm, va, vmBo);
    expect(counts()).toEqual([3, 2, 2]);
    expect([gpuvaBo(vm, va), gpuvaObj(vm, va)]).toEqual([vmBo, obj]);
    gpuvaRemove(vm, va);
    expect(counts()).toEqual([2, 2, 2]);
    expect(linked(vmBo)).toEqual([va]);
    gpuvaUnlink(vm, va);
    expect(counts()).toEqual([2, 1, 2]);
    expect([gpuvaBo(vm, va), gpuvaObj(vm, va)]).toEqual([null, obj]);
    expect(gpuvmBoPut(vmBo, "test")).toBe(true);
    expect([vm.refs, obj.refs, vmBo.freed]).toEqual([1, 1, true]);
    gpuvaFree(vm, va);
  });

  it("without object is not linked", () => {
    const vm = newVm();
    const vmBo = gpuvmBoObtain(vm, new DrmGemObject(vm.dev), "test") as DrmGpuvmBo;
    const va = insert(vm, 0, 16);
    gpuvaLink(vm, va, vmBo);
    expect([vmBo.refs, gpuvaBo(vm, va)]).toEqual([1, null]);
    gpuvaUnlink(vm, va);
    expect(vmBo.refs).toBe(1);
  });

  it("keeps the last vm_bo reference: the unlink destroys", () => {
    const vm = newVm();
    const obj = new DrmGemObject(vm.dev);
    const va = insert(vm, 0, 16, obj);
    expect([vm.refs, obj.refs, obj.gpuva.length]).toEqual([3, 2, 1]);
    gpuvaUnlink(vm, va);
    expect([vm.refs, obj.refs, obj.gpuva.length]).toEqual([2, 1, 0]);
  });

  it("may hold the VM's last reference", () => {
    const vm = newVm();
    const va = insert(vm, 0, 16);
    vm.put("creator");
    expect(vm.label).toBe("unknown");
    gpuvaRemove(vm, va);
    expect([vm.refs, vm.label, vm.dev.refs]).toEqual([0, null, 1]);
  });

  it("insert: -EINVAL and -EEXIST take nothing", () => {
    const vm = newVm({ start: 0, range: 64 });
    insert(vm, 10, 10);
    for (const [addr, range, ret] of [
      [10, 10, -17],
      [9, 2, -17],
      [19, 1, -17],
      [19, 5, -17],
      [0, 64, -17],
      [12, 3, -17],
      [60, 5, -22],
      [64, 1, -22],
    ] as const) {
      expect(insert(vm, addr, range)).toBe(ret);
    }
    expect([vm.refs, vm.mappings]).toEqual([2, 1]);
    expect([insert(vm, 9, 1), insert(vm, 20, 1)].every((va) => va > 0)).toBe(true);
  });

  it("lists: VAs of a vm_bo stand in the order of linking, wherever one is taken out", () => {
    const vm = newVm();
    const obj = new DrmGemObject(vm.dev);
    const vas = [50, 10, 30, 40, 20].map((addr) => insert(vm, addr, 5, obj));
    const vmBo = gpuvaBo(vm, vas[0] as Gpuva) as DrmGpuvmBo;
    const [a, b, c, d, e] = vas as [Gpuva, Gpuva, Gpuva, Gpuva, Gpuva];
    expect(linked(vmBo)).toEqual([a, b, c, d, e]);
    gpuvaUnlink(vm, c);
    expect(linked(vmBo)).toEqual([a, b, d, e]);
    gpuvaUnlink(vm, a);
    expect(linked(vmBo)).toEqual([b, d, e]);
    gpuvaUnlink(vm, e);
    expect(linked(vmBo)).toEqual([b, d]);
    gpuvaLink(vm, a, vmBo);
    expect(linked(vmBo)).toEqual([b, d, a]);
    for (const va of [b, d]) gpuvaUnlink(vm, va);
    expect(linked(vmBo)).toEqual([a]);
    expect(vmBo.refs).toBe(1);
  });

  it("for_each of a vm_bo may unlink and free what it is shown", () => {
    const vm = newVm();
    const obj = new DrmGemObject(vm.dev);
    const vas = [10, 20, 30].map((addr) => insert(vm, addr, 5, obj));
    const vmBo = gpuvmBoObtain(vm, obj, "test") as DrmGpuvmBo;
    const seen: number[] = [];
    gpuvmBoForEachVa(vmBo, (va) => {
      seen.push(va);
      gpuvaUnlink(vm, va);
      gpuvaRemove(vm, va);
      gpuvaFree(vm, va);
    });
    expect([seen, linked(vmBo), vmBo.refs]).toEqual([vas, [], 1]);
  });

  it("a remap removes the old one, then inserts prev and next; flags stay behind", () => {
    const vm = newVm();
    const va = insert(vm, 0, 30);
    vm.vas.setFlags(va, 7);
    const ops = gpuvmSmMapOpsCreate(vm, { addr: 10, range: 10, obj: null, offset: 0 }) as GpuvaOps;
    expect(gpuvaOpRemapToUnmapRange(vm, (ops.at(0) as GpuvaOpRemap).remap)).toEqual({ start: 10, range: 10 });
    const [prev, next] = [gpuvaAlloc(vm), gpuvaAlloc(vm)];
    gpuvaRemap(vm, prev, next, (ops.at(0) as GpuvaOpRemap).remap);
    expect([vm.mappings, vm.refs]).toEqual([2, 3]);
    expect([vm.vas.flags(prev), vm.vas.flags(next), vm.vas.flags(va)]).toEqual([0, 0, 7]);
    expect([vm.vas.addr(prev), vm.vas.end(prev), vm.vas.addr(next), vm.vas.end(next)]).toEqual([
      0, 10, 20, 30,
    ]);
  });
});

function twice(fn: () => void): void {
  fn();
  fn();
}

it.each([
  [0, 10, 0, 10],
  [20, 10, 20, 10],
  [5, 50, 5, 25],
])("the hole that a cut of [0,30) by [%i,+%i) leaves", (addr, range, start, length) => {
  const vm = newVm();
  insert(vm, 0, 30);
  const ops = gpuvmSmMapOpsCreate(vm, { addr, range, obj: null, offset: 0 }) as GpuvaOps;
  expect(gpuvaOpRemapToUnmapRange(vm, (ops.at(0) as GpuvaOpRemap).remap)).toEqual({ start, range: length });
});

describe("what the kernel would corrupt is refused", () => {
  const one = () => {
    const vm = newVm();
    const obj = new DrmGemObject(vm.dev);
    return { vm, obj, va: insert(vm, 0, 16, obj) };
  };

  it.each<[string, string, (w: ReturnType<typeof one>) => void]>([
    ["removing twice", "BAD_CALL", ({ vm, va }) => twice(() => gpuvaRemove(vm, va))],
    [
      "linking twice",
      "BAD_CALL",
      ({ vm, obj, va }) => gpuvaLink(vm, va, gpuvmBoObtain(vm, obj, "t") as DrmGpuvmBo),
    ],
    ["unlinking what was never linked", "NOT_LINKED", ({ vm, va }) => twice(() => gpuvaUnlink(vm, va))],
    [
      "freeing what is in the tree",
      "USE_AFTER_FREE",
      ({ vm, va }) => {
        gpuvaUnlink(vm, va);
        gpuvaFree(vm, va);
      },
    ],
    [
      "freeing what is linked",
      "USE_AFTER_FREE",
      ({ vm, va }) => {
        gpuvaRemove(vm, va);
        gpuvaFree(vm, va);
      },
    ],
    [
      "freeing twice",
      "USE_AFTER_FREE",
      ({ vm, va }) => {
        gpuvaUnlink(vm, va);
        gpuvaRemove(vm, va);
        gpuvaFree(vm, va);
        gpuvaFree(vm, va);
      },
    ],
    [
      "linking to another VM's vm_bo",
      "BAD_CALL",
      ({ vm, obj, va }) => {
        gpuvaUnlink(vm, va);
        gpuvaLink(vm, va, gpuvmBoObtain(newVm({}, vm.dev), obj, "t") as DrmGpuvmBo);
      },
    ],
    [
      "putting a VM once too often",
      "REFCOUNT",
      () => {
        const vm = newVm();
        vm.put("creator");
        vm.put("creator");
      },
    ],
    [
      "getting a dead VM",
      "USE_AFTER_FREE",
      () => {
        const vm = newVm();
        vm.put("creator");
        vm.get("t");
      },
    ],
    [
      "putting an object once too often",
      "REFCOUNT",
      () => {
        const o = new DrmGemObject(new DrmDevice());
        o.put("creator");
        o.put("creator");
      },
    ],
    [
      "getting a dead object",
      "USE_AFTER_FREE",
      () => {
        const o = new DrmGemObject(new DrmDevice());
        o.put("creator");
        o.get("t");
      },
    ],
  ])("%s: %s", (_, code, run) => {
    const w = one();
    expect(() => run(w)).toThrow(expect.objectContaining({ code }));
  });

  it("a link to the vm_bo of another object warns, and goes on: the VA stays the first object's", () => {
    const { vm, obj, va } = one();
    const other = new DrmGemObject(vm.dev);
    const vmBo = gpuvmBoObtain(vm, other, "t") as DrmGpuvmBo;
    gpuvaUnlink(vm, va);
    gpuvaLink(vm, va, vmBo);
    expect([vm.dev.warnings, gpuvaObj(vm, va), gpuvaBo(vm, va), vmBo.refs]).toEqual([1, obj, vmBo, 2]);
    gpuvaUnlink(vm, va);
    expect([gpuvaObj(vm, va), vmBo.refs, vm.mislinked?.size]).toEqual([obj, 1, 0]);
  });
});

describe("a VM's end", () => {
  it("frees in order: reservation object, vm_free, device", () => {
    const dev = new DrmDevice();
    const log: string[] = [];
    const rObj = gpuvmResvObjectAlloc(dev) as DrmGemObject;
    const vm = new DrmGpuvm(dev, {
      start: 0,
      range: 64,
      rObj,
      ops: { vmFree: (v) => void log.push(`vm_free ${v.label} ${rObj.refs} ${dev.refs}`) },
    });
    expect([rObj.refs, dev.refs, vm.label, vm.refs]).toEqual([2, 2, "unknown", 1]);
    rObj.put("creator");
    expect(vm.put("creator")).toBe(true);
    expect(log).toEqual(["vm_free null 0 2"]);
    expect([dev.refs, dev.warnings]).toEqual([1, 0]);
  });

  it("without vm_free it leaks, and keeps the device", () => {
    const dev = new DrmDevice();
    newVm({ ops: {} }, dev).put("creator");
    expect([dev.refs, dev.warnings]).toEqual([2, 1]);
  });

  it("warns of what is left, each thing once, when references were mismanaged", () => {
    const warnings: string[] = [];
    const dev = new DrmDevice({ onWarn: (w) => void warnings.push(w) });
    const vm = newVm({ reserveOffset: 0x1000, reserveRange: 0x1000 }, dev);
    insert(vm, 0, 16);
    const vmBo = gpuvmBoCreate(vm, new DrmGemObject(dev), "t") as DrmGpuvmBo;
    vm.extobj.list.push(vmBo.onExtobj);
    vm.evict.list.push(vmBo.onEvict);
    vm.deferred = vmBo;
    vm.refs = 1;
    vm.put("creator");
    expect(warnings).toEqual([
      "GPUVA tree is not empty, potentially leaking memory.",
      "Extobj list should be empty.",
      "Evict list should be empty.",
      "VM BO cleanup list should be empty.",
    ]);
    expect(dev.refs).toBe(1);
  });

  it("takes the kernel node along", () => {
    const vm = newVm({ reserveOffset: 0x1000, reserveRange: 0x1000 });
    vm.put("creator");
    expect([vm.dev.warnings, vm.mappings]).toEqual([0, 0]);
    const exact = newVm({ reserveOffset: 0x1000, reserveRange: 0x1000 });
    exact.promote();
    exact.put("creator");
    expect([exact.dev.warnings, exact.mappings]).toEqual([0, 0]);
  });
});

describe("the ledger", () => {
  it("names every holder, and is empty at the end", () => {
    const dev = new DrmDevice({ ledger: new Ledger() });
    const ledger = dev.ledger as Ledger;
    const vm = newVm({}, dev);
    const obj = new DrmGemObject(dev, { name: "bo" });
    const va = insert(vm, 0, 16, obj);
    const vmBo = gpuvaBo(vm, va) as DrmGpuvmBo;
    const names = (what: DrmGpuvm | DrmGemObject | DrmGpuvmBo) =>
      ledger.holders(what).map((h) => `${h.holder} x${h.count}`);
    expect(names(vm)).toEqual(["creator x1", `va#${va} of ${vm.name} x1`, `${vmBo.name} x1`]);
    expect(names(vmBo)).toEqual([`va#${va} of ${vm.name} x1`]);
    expect(names(obj)).toEqual(["creator x1", `${vmBo.name} x1`]);
    expect(names(vm.rObj as DrmGemObject)).toEqual([`${vm.name} x1`]);
    expect(ledger.holders(obj)[1]?.by).toBe(vmBo);
    close(vm);
    obj.put("creator");
    expect(ledger.all()).toEqual([]);
  });

  it("refuses a put by somebody else, and says who holds", () => {
    const dev = new DrmDevice({ ledger: new Ledger() });
    const obj = new DrmGemObject(dev, { name: "bo", holder: "alice" });
    obj.get("bob");
    obj.get("bob");
    expect(() => obj.put("carol")).toThrow(
      "LEDGER: carol puts a reference on bo that it does not hold (held by: alice x1, bob x2)",
    );
    expect(obj.refs).toBe(3);
    (dev.ledger as Ledger).move(obj, "bob", "carol");
    expect((dev.ledger as Ledger).count(obj)).toBe(3);
    for (const who of ["carol", "bob", "alice"]) obj.put(who);
    expect(() => new Ledger().put(obj, "x")).toThrow("held by: nobody");
    expect(obj.refs).toBe(0);
  });
});
