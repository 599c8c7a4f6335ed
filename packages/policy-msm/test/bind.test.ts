import { type Gpuva, gemVmBos } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { msmGemOpen } from "../src/gem/gem.ts";
import { preallocCount } from "../src/vma/prealloc.ts";
import { VMA_DUMP } from "../src/vma/vm.ts";
import { MS, NOTHING, Rig } from "./support/rig.ts";

const BASE = 2 ** 32;
const PRIVATE = 0x20004;
const K64 = 65536;

function bound(options: ConstructorParameters<typeof Rig>[1] = {}): Rig {
  const rig = new Rig("vm-bind", options);
  rig.vmBind();
  return rig;
}

function map(bo: number, va: number, more = {}) {
  return { kind: "map" as const, bo, va, ...more };
}

/** Gives file 1 a handle to an object of file 0, which no request can do with a private one. */
function smuggle(rig: Rig, handle: number, as: number): void {
  msmGemOpen(rig.file(1), rig.bo(handle).get("creator"), as);
}

describe("VM_BIND", () => {
  it("W8: a closed handle unmaps nothing; file close does", () => {
    const rig = bound();
    rig.create(1);
    rig.bind([map(1, BASE)]);
    const bo = rig.bo(1);
    rig.closeBo(1);
    rig.pass(20 * MS);
    expect([bo.refs, bo.ptes]).toEqual([1, 16]);
    rig.replay.close(0);
    expect(bo.refs).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("an unmapped object lives until its entries are cleared", () => {
    const rig = bound();
    rig.create(1);
    rig.bind([map(1, BASE)]);
    const bo = rig.bo(1);
    rig.submit([], 0, { flags: 0x40000000 });
    // It waits for the submit: a syncobj.
    rig.ask({ op: "submit", bos: [], writes: [], cmds: 1, out: 1 });
    rig.closeBo(1);
    rig.ask({
      op: "vm_bind",
      queue: 9,
      in: 1,
      out: 0,
      ops: [{ ...map(0, BASE), kind: "unmap", boOffset: 0, length: K64, flags: 0 }],
    });
    expect([bo.refs, bo.gpuva.length, bo.ptes]).toEqual([1, 0, 16]);
    expect(rig.dev.ledger?.holders(bo).map(({ holder }) => holder.split("#")[0])).toEqual(["bind_job"]);
    rig.pass(30 * MS);
    expect([bo.refs, bo.ptes]).toEqual([0, 0]);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("cuts: only the hole's entries are cleared, the pieces' stay", () => {
    const rig = bound();
    rig.create(1, 0, PRIVATE);
    rig.bind([map(1, BASE)]);
    rig.machine.settle();
    const { ptesCleared, ptesWritten } = rig.machine.counts;
    rig.bind([{ kind: "unmap", va: BASE + 16384, length: 4096 }]);
    expect(rig.machine.counts.ptesCleared - ptesCleared).toBe(1);
    expect(rig.machine.counts.ptesWritten - ptesWritten).toBe(0);
    const record = rig.machine.vms.find(({ file }) => file === 0);
    expect(record?.steps).toEqual({ map: 1, unmap: 0, remap: 1 });
    expect(record?.mappings).toBe(2);
    expect(rig.bo(1).ptes).toBe(15);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("the same again, with another flag, touches no entry and keeps the VMA", () => {
    const rig = bound();
    rig.create(1, 0, PRIVATE);
    rig.bind([map(1, BASE)]);
    const vm = rig.driver.vmOf(rig.file());
    const before = { ptes: rig.machine.counts.ptesWritten, vas: rig.machine.counts.vasCreated };
    const va = gemVmBos(rig.bo(1)).first()?.vaHead as Gpuva;
    rig.bind([map(1, BASE, { flags: 1 })]);
    expect(rig.machine.counts.ptesWritten).toBe(before.ptes);
    expect(rig.machine.counts.vasCreated).toBe(before.vas);
    expect(gemVmBos(rig.bo(1)).first()?.vaHead).toBe(va);
    expect((vm?.vas.flags(va) as number) & VMA_DUMP).not.toBe(0);
    // Shorter is not the same.
    rig.bind([map(1, BASE, { length: 4096 })]);
    expect(rig.machine.counts.vasCreated).toBe(before.vas + 2);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("null mappings have no object, and take memory's place", () => {
    const rig = bound();
    rig.create(1, 0, PRIVATE);
    rig.bind([{ kind: "map_null", va: BASE, length: 16 * K64 }]);
    rig.bind([map(1, BASE + K64)]);
    const record = rig.machine.vms.find(({ file }) => file === 0);
    expect(record?.steps).toEqual({ map: 2, unmap: 0, remap: 1 });
    expect(rig.machine.counts.vmBosCreated).toBe(3);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("fences: KERNEL on what is mapped, none on what is only unmapped; BOOKKEEP of submits on external objects", () => {
    const rig = bound();
    rig.create(1);
    rig.create(2);
    rig.bind([map(1, BASE)]);
    rig.ask({ op: "submit", bos: [], writes: [], cmds: 1, out: 1 });
    const blocked = { op: "vm_bind", queue: 9, in: 1, out: 0 } as const;
    rig.ask({
      ...blocked,
      ops: [
        { kind: "unmap", bo: 0, boOffset: 0, va: BASE, length: K64, flags: 0 },
        { kind: "map", bo: 2, boOffset: 0, va: BASE + K64, length: K64, flags: 0 },
      ],
    });
    expect(
      rig
        .bo(1)
        .resv.pending()
        .map(({ usage }) => usage),
    ).toEqual([3]);
    expect(
      rig
        .bo(2)
        .resv.pending()
        .map(({ usage }) => usage),
    ).toEqual([0]);
    expect(rig.bo(2).pins).toBe(1);
    rig.pass(30 * MS);
    expect(rig.bo(2).pins).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("W11: private objects cost a submit nothing", () => {
    for (const [flags, locked] of [
      [0x20000, 21],
      [PRIVATE, 1],
    ] as const) {
      const rig = bound();
      for (let bo = 1; bo <= 20; bo++) {
        rig.create(bo, 0, flags);
        rig.bind([map(bo, BASE + bo * K64)]);
      }
      rig.submit([]);
      expect(rig.machine.counts.submitObjects.max).toBe(locked);
      expect(rig.finish()).toEqual(NOTHING);
    }
  });

  it("private objects stay private", () => {
    const rig = bound();
    rig.vmBind(1);
    rig.create(1, 0, PRIVATE);
    expect(rig.driver.prime?.exportBo(rig.file(), 1)).toBeNull();
    expect(rig.ask({ op: "prime_export", bo: 1 })).toBe(-1);
    expect(rig.call(rig.driver.scanout?.prepareFb(rig.bo(1)) as never)).toBe(-22);
    smuggle(rig, 1, 5);
    expect(rig.bind([map(5, BASE)], 1)).toBe(-22);
    expect(rig.finish()).toEqual(NOTHING);
    // A file without VM_BIND can make one, and not submit it.
    const legacy = new Rig("mainline");
    legacy.create(1, 0, PRIVATE);
    expect(legacy.submit([1])).toBe(-114);
    expect(legacy.finish()).toEqual(NOTHING);
    expect([...rig.hazards, ...legacy.hazards]).toEqual([]);
  });

  it("listed objects need a mapping", () => {
    const rig = bound();
    rig.create(1);
    expect(rig.submit([1])).toBe(-22);
    rig.bind([map(1, BASE)]);
    expect(rig.submit([1])).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });
});

describe("arguments", () => {
  it.each([
    ["an unaligned address", { va: BASE + 1 }],
    ["an unaligned length", { length: 100 }],
    ["an unaligned offset", { boOffset: 1 }],
    ["an address below the VM", { va: 0 }],
    ["an end behind the VM", { va: 2 ** 48 - 4096 }],
    ["more than the object has (M4)", { length: 2 * K64 }],
    ["an offset behind the object", { boOffset: K64, length: 4096 }],
    ["no handle", { bo: 0 }],
    ["a handle to unmap", { kind: "unmap" as const }],
    ["a handle for null", { kind: "map_null" as const }],
    ["an unknown flag", { flags: 2 }],
    ["what msm has not", { kind: "unmap_all" as const }],
    ["an unknown handle", { bo: 77 }],
  ])("%s: -EINVAL", (_what, op) => {
    const rig = bound();
    rig.create(1);
    expect(rig.bind([{ ...map(1, BASE), ...op }])).toBe(-22);
    expect(rig.bo(1).refs).toBe(1);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("M1: an unknown handle gives back those before it", () => {
    for (const defects of [new Set<string>(), new Set(["M1"])]) {
      const rig = bound({ defects });
      rig.create(1);
      expect(rig.bind([map(1, BASE), map(77, BASE + K64)])).toBe(-22);
      // With its handle's reference; the bind's was forgotten.
      expect(rig.bo(1).refs).toBe(defects.size + 1);
    }
  });

  it("queues and modes", () => {
    const rig = bound();
    rig.create(1);
    rig.ask({ op: "queue_new", queue: 3, flags: 0 });
    expect(rig.bind([map(1, BASE)], 0, 3)).toBe(-22);
    expect(rig.bind([map(1, BASE)], 0, 4)).toBe(-2);
    expect(rig.submit([], 0, { queue: 9 })).toBe(-22);
    expect(rig.ask({ op: "get_iova", bo: 1 })).toBe(-22);
    expect(rig.ask({ op: "set_iova", bo: 1, iova: BASE })).toBe(-22);
    // The VM is made: too late.
    expect(rig.ask({ op: "enable_vm_bind" })).toBe(-16);
    expect(rig.ask({ op: "queue_new", queue: 5, flags: 2 }, 1)).toBe(-22);
    expect(rig.bind([map(1, BASE)], 1, 0)).toBe(-22);
    expect(new Rig("before").ask({ op: "enable_vm_bind" })).toBe(-22);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("failures", () => {
  function failing(what: string): Rig {
    const rig = bound();
    rig.create(1);
    rig.create(2);
    rig.dev.failAlloc = (name) => name === what;
    return rig;
  }

  it.each(["msm bind job", "page-table prealloc", "pages", "msm vma", "vm_bo"])(
    "no memory for %s",
    (what) => {
      const rig = failing(what);
      expect(rig.bind([map(1, BASE)])).toBe(-12);
      rig.dev.failAlloc = null;
      const vm = rig.driver.vmOf(rig.file());
      expect([
        rig.bo(1).refs,
        rig.bo(1).pins,
        rig.bo(1).gpuva.length,
        vm?.mappings,
        vm?.preallocInFlight,
      ]).toEqual([1, 0, 0, 0, 0]);
      // In the first operation: the VM is as good as before.
      expect(vm?.unusable).toBe(false);
      expect(rig.bind([map(1, BASE)])).toBe(0);
      expect(rig.finish()).toEqual(NOTHING);
      expect(rig.hazards).toEqual([]);
    },
  );

  it("behind the first operation there is no way back", () => {
    const rig = bound();
    rig.create(1);
    rig.create(2);
    let vmas = 0;
    rig.dev.failAlloc = (name) => name === "msm vma" && ++vmas === 2;
    expect(rig.bind([map(1, BASE), map(2, BASE + K64)])).toBe(-12);
    rig.dev.failAlloc = null;
    expect(rig.driver.vmOf(rig.file())?.unusable).toBe(true);
    expect(rig.bind([map(2, BASE)])).toBe(-32);
    expect(rig.submit([])).toBe(-32);
    // The first operation's mapping is in the tree, and not in the page tables.
    expect([rig.bo(1).gpuva.length, rig.bo(1).ptes]).toEqual([1, 0]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("in the job: no more maps, but every unmap", () => {
    const rig = bound();
    for (let bo = 1; bo <= 3; bo++) rig.create(bo);
    rig.bind([map(1, BASE)]);
    rig.dev.failAlloc = (name) => name === "page table";
    const unmap = { kind: "unmap" as const, va: BASE };
    expect(rig.bind([map(2, BASE + K64), map(3, BASE + 2 * K64), unmap])).toBe(0);
    rig.dev.failAlloc = null;
    expect([1, 2, 3].map((bo) => rig.bo(bo).ptes)).toEqual([0, 0, 0]);
    expect([1, 2, 3].map((bo) => rig.bo(bo).pins)).toEqual([0, 0, 0]);
    expect(rig.submit([])).toBe(-32);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("M6: a private object of another VM is refused by the map step, when what it covers is gone already", () => {
    const rig = bound();
    rig.vmBind(1);
    rig.create(1, 0, PRIVATE);
    rig.create(2, 1);
    rig.bind([map(2, BASE)], 1);
    smuggle(rig, 1, 5);
    expect(rig.bind([map(5, BASE)], 1)).toBe(-22);
    expect(rig.bo(2, 1).gpuva.length).toBe(0);
    rig.bo(2, 1);
  });
});

describe("W12: page-table pages in flight", () => {
  const op = (kind: "map" | "unmap" | "map_null", iova: number, range = 4096) => ({
    ...{ kind, iova, range, bo: null, handle: 0, boOffset: 0, flags: 0 },
  });

  it("counts a table for each level that a run touches", () => {
    expect(preallocCount([op("map", BASE)])).toBe(3);
    expect(preallocCount([op("unmap", BASE)])).toBe(0);
    expect(preallocCount([op("map", BASE, 2 ** 21 + 4096)])).toBe(4);
    expect(preallocCount([op("map_null", BASE, 2 ** 27)])).toBe(2 + 64);
    // Neighbours in one lowest table share it, in this order only.
    const near = [op("map", BASE), op("map", BASE + 4096), op("map", BASE + 2 ** 30)];
    expect(preallocCount(near)).toBe(6);
    expect(preallocCount([near[0], near[2], near[1]] as never)).toBe(9);
  });

  it("stops a flood at the limit and one job's overshoot", () => {
    const rig = bound();
    rig.create(1, 0, PRIVATE, 4096);
    // The binds wait for this.
    rig.ask({ op: "submit", bos: [], writes: [], cmds: 1, out: 1 });
    for (let i = 0; i < 500; i++) {
      rig.ask({
        ...{ op: "vm_bind", queue: 9, in: 1, out: 0 },
        ops: [{ kind: "map", bo: 1, boOffset: 0, va: BASE + i * 4096, length: 4096, flags: 0 }],
      });
    }
    const vm = rig.driver.vmOf(rig.file());
    expect(vm?.preallocPeak).toBe(1026);
    expect(rig.machine.now).toBe(10 * MS);
    expect(rig.finish()).toEqual(NOTHING);
    expect(vm?.preallocInFlight).toBe(0);
  });
});
