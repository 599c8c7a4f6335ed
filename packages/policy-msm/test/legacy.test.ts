import { gemVmBos } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { MS, NOTHING, Rig } from "./support/rig.ts";

const GPUVM = ["soft", "mainline"];
const LEGACY = [...GPUVM, "before"];

describe.each(LEGACY)("%s: addresses", (variant) => {
  it("asking makes a VMA and no entries; the first submit maps", () => {
    const rig = new Rig(variant);
    rig.create(1);
    expect(rig.ask({ op: "get_iova", bo: 1 })).toBe(0);
    expect([rig.driver.iovaOf(rig.file(), 1), rig.bo(1).ptes]).toEqual([2 ** 32, 0]);
    rig.submit([1]);
    expect(rig.bo(1).ptes).toBe(16);
    rig.submit([1]);
    expect(rig.machine.counts.vasCreated).toBe(3);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("SET_IOVA: taken, unaligned, another than it has, and back", () => {
    const rig = new Rig(variant);
    rig.create(1);
    rig.create(2);
    const set = (bo: number, iova: number) => rig.ask({ op: "set_iova", bo, iova });
    expect(set(1, 2 ** 33)).toBe(0);
    expect(set(2, 2 ** 33 + 4096)).toBe(-28);
    expect(set(2, 2 ** 33 + 100)).toBe(-28);
    expect(set(2, 4096)).toBe(-28);
    expect(set(1, 2 ** 33)).toBe(0);
    // What it had is lost, too.
    expect(set(1, 2 ** 34)).toBe(-16);
    expect(rig.driver.iovaOf(rig.file(), 1)).toBeNull();
    expect(set(2, 2 ** 33)).toBe(0);
    expect(set(2, 0)).toBe(0);
    expect(set(2, 0)).toBe(0);
    expect(set(7, 0)).toBe(-2);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("SET_IOVA 0 does not wait for the GPU", () => {
    const rig = new Rig(variant);
    rig.create(1);
    rig.submit([1]);
    rig.ask({ op: "set_iova", bo: 1, iova: 0 });
    expect(rig.machine.now).toBe(0);
    expect(rig.hazards).toEqual(["gpu-fault"]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("large entries where the memory lies in one piece, too", () => {
    for (const [contiguity, entries] of [[2 ** 21, 2] as const, [4096, 1024] as const]) {
      const rig = new Rig(variant, { contiguity });
      rig.create(1, 0, 0x20000, 2 ** 22);
      rig.submit([1]);
      expect(rig.bo(1).ptes).toBe(entries);
      expect(rig.finish()).toEqual(NOTHING);
    }
  });
});

describe.each(LEGACY)("%s: submits", (variant) => {
  it("refuses what it does not know, and what is listed twice", () => {
    const rig = new Rig(variant);
    rig.create(1);
    expect(rig.submit([1, 7])).toBe(-22);
    expect(rig.submit([1, 1])).toBe(-114);
    expect(rig.submit([1], 0, { queue: 7 })).toBe(-2);
    expect(rig.bo(1).refs).toBe(1);
    expect(rig.ask({ op: "wait_fence", fence: 1 })).toBe(-22);
    expect(rig.submit([1])).toBe(0);
    expect(rig.ask({ op: "wait_fence", fence: 1 })).toBe(0);
    expect(rig.machine.now).toBe(10 * MS);
    expect(rig.ask({ op: "wait_fence", fence: 1, queue: 5 })).toBe(-2);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it.each(["msm submit", "msm vma", "pages"])(
    "no memory for %s: as before, but for mappings made already",
    (what) => {
      const rig = new Rig(variant);
      rig.create(1);
      rig.create(2);
      let nth = 0;
      rig.dev.failAlloc = (name) => name === what && ++nth === (what === "msm submit" ? 1 : 2);
      expect(rig.submit([1, 2])).toBe(-12);
      rig.dev.failAlloc = null;
      expect([rig.bo(1).refs, rig.bo(2).refs].map((refs) => refs <= 2)).toEqual([true, true]);
      expect([rig.bo(1).pins, rig.bo(2).pins]).toEqual([0, 0]);
      expect(rig.bo(1).resv.pending()).toEqual([]);
      expect(rig.submit([1, 2])).toBe(0);
      expect(rig.finish()).toEqual(NOTHING);
      expect(rig.hazards).toEqual([]);
    },
  );

  it("queues of one priority are one timeline, those of another have one of their own", () => {
    const rig = new Rig(variant);
    rig.create(1);
    rig.ask({ op: "queue_new", queue: 1, prio: 1 });
    rig.ask({ op: "queue_new", queue: 2, prio: 2 });
    rig.ask({ op: "queue_new", queue: 3, prio: 1 });
    expect(rig.ask({ op: "queue_new", queue: 4, prio: 3 })).toBe(-22);
    const submit = (queue: number, write: boolean) =>
      rig.ask({ op: "submit", bos: [1], writes: write ? [0] : [], cmds: 1, queue });
    submit(1, false);
    submit(2, false);
    submit(3, false);
    const usages = () =>
      rig
        .bo(1)
        .resv.pending()
        .map(({ usage }) => usage);
    expect(usages()).toEqual([2, 2]);
    submit(2, true);
    // The later fence of a queue takes the place of its earlier one.
    expect(usages().sort()).toEqual([1, 2]);
    expect(rig.bo(1).resv.busy(1)?.context).not.toBe(rig.bo(1).resv.busy(2)?.context);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("pages are pinned until the ring, and then kept by the fence", () => {
    const rig = new Rig(variant);
    rig.create(1);
    rig.dev.stepping = false;
    for (let i = 0; i < 9; i++) rig.submit([1]);
    // Eight are on the ring.
    expect(rig.bo(1).pins).toBe(1);
    expect(rig.call(rig.driver.shrink?.(65536) as never)).toBe(0);
    rig.pass(200 * MS);
    expect(rig.bo(1).pins).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("what a submit holds", () => {
  it.each([
    ["mainline", ["handle", "submit", "vm_bo"]],
    ["soft", ["handle", "submit"]],
    ["before", ["handle", "submit"]],
  ])("%s", (variant, holders) => {
    const rig = new Rig(variant);
    rig.create(1);
    rig.submit([1]);
    const kinds = rig.dev.ledger?.holders(rig.bo(1)).map(({ holder }) => holder.split(/[ #]/)[0]);
    expect(kinds?.sort()).toEqual(holders);
    const vmBo = gemVmBos(rig.bo(1)).first();
    const of = vmBo === null ? [] : rig.dev.ledger?.holders(vmBo).map(({ holder }) => holder.split("#")[0]);
    expect(of).toEqual({ mainline: ["va", "submit"], soft: ["va"], before: [] }[variant]);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe.each(LEGACY)("%s: memory pressure", (variant) => {
  function filled(): Rig {
    const rig = new Rig(variant);
    for (let bo = 1; bo <= 3; bo++) rig.create(bo);
    rig.submit([1, 2, 3]);
    rig.pass(20 * MS);
    rig.ask({ op: "madvise", bo: 2, willneed: false });
    return rig;
  }

  it("first what is not needed, then what was used longest ago; addresses stay", () => {
    const rig = filled();
    const iova = rig.driver.iovaOf(rig.file(), 1);
    expect(rig.call(rig.driver.shrink?.(2 * 65536) as never)).toBe(2 * 65536);
    expect([1, 2, 3].map((bo) => rig.bo(bo).pages)).toEqual(["evicted", "purged", "resident"]);
    expect([1, 2, 3].map((bo) => rig.bo(bo).ptes)).toEqual([0, 0, 16]);
    expect(rig.driver.iovaOf(rig.file(), 1)).toBe(iova);
    // Listed again it is mapped again.
    expect(rig.submit([1])).toBe(0);
    expect([rig.bo(1).ptes, rig.machine.counts.rebinds]).toEqual([16, 1]);
    // What was purged is gone, whatever the program says.
    rig.ask({ op: "madvise", bo: 2, willneed: true });
    expect(rig.submit([2])).toBe(-16);
    expect(rig.machine.counts.evictions).toBe(2);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("waits a little for what is busy, and gives up", () => {
    const rig = filled();
    rig.submit([1, 3]);
    expect(rig.call(rig.driver.shrink?.(3 * 65536) as never)).toBe(3 * 65536);
    expect(rig.machine.now / MS).toBe(30);
    const slow = new Rig(variant, { jobNs: 1000 * MS });
    slow.create(1);
    slow.submit([1]);
    expect(slow.call(slow.driver.shrink?.(65536) as never)).toBe(0);
    expect(slow.machine.now / MS).toBe(40);
    expect([rig.finish(), slow.finish()]).toEqual([NOTHING, NOTHING]);
  });

  it("skips what is locked, and what must stay", () => {
    const rig = filled();
    const vm = rig.driver.vmOf(rig.file());
    vm?.resv.acquire(rig.dev.current);
    rig.call(rig.driver.shrink?.(65536) as never);
    // The version before GPUVM has no lock of the VM to try.
    expect(rig.bo(2).pages).toBe(variant === "before" ? "purged" : "resident");
    vm?.resv.release(rig.dev.current);
    rig.call(rig.driver.scanout?.prepareFb(rig.bo(3)) as never);
    rig.ask({ op: "prime_import", bo: 9, size: 65536, fresh: true });
    rig.submit([9]);
    rig.pass(20 * MS);
    rig.call(rig.driver.shrink?.(10 * 65536) as never);
    expect([3, 9].map((bo) => rig.bo(bo).pages)).toEqual(["resident", "resident"]);
    rig.call(rig.driver.scanout?.cleanupFb(rig.bo(3)) as never);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("memory pressure under VM_BIND", () => {
  it("evicted mappings come back at the next submit, listed or not", () => {
    const rig = new Rig("vm-bind");
    rig.vmBind();
    for (const [bo, flags] of [
      [1, 0x20000],
      [2, 0x20004],
    ] as const) {
      rig.create(bo, 0, flags);
      rig.bind([{ kind: "map", bo, va: 2 ** 32 * bo }]);
    }
    rig.pass(MS);
    expect(rig.call(rig.driver.shrink?.(2 * 65536) as never)).toBe(2 * 65536);
    const vm = rig.driver.vmOf(rig.file());
    expect([rig.bo(1).ptes, rig.bo(2).ptes, vm?.evict.list.length, vm?.mappings]).toEqual([0, 0, 2, 2]);
    expect(rig.submit([])).toBe(0);
    expect([rig.bo(1).ptes, rig.bo(2).ptes, vm?.evict.list.length]).toEqual([16, 16, 0]);
    expect(rig.machine.counts.rebinds).toBe(2);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("a cut of what is evicted leaves it on the list", () => {
    const rig = new Rig("vm-bind");
    rig.vmBind();
    rig.create(1);
    rig.bind([{ kind: "map", bo: 1, va: 2 ** 32 }]);
    rig.pass(MS);
    rig.call(rig.driver.shrink?.(65536) as never);
    rig.bind([{ kind: "unmap", va: 2 ** 32 + 8192, length: 4096 }]);
    expect(rig.driver.vmOf(rig.file())?.evict.list.length).toBe(1);
    rig.submit([]);
    expect(rig.bo(1).ptes).toBe(15);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });
});

describe("other requests", () => {
  it("buffers, names, exports", () => {
    const rig = new Rig("mainline");
    expect(rig.create(1, 0, 0)).toBe(-22);
    expect(rig.create(1, 0, 0x30000)).toBe(-22);
    expect(rig.create(1, 0, 0x20008)).toBe(-22);
    expect(rig.create(1, 0, 0x20000, 0)).toBe(-22);
    expect(rig.create(1, 0, 0x20000, 100)).toBe(0);
    expect(rig.bo(1).size).toBe(4096);
    expect(rig.ask({ op: "set_name", bo: 1, name: "a" })).toBe(0);
    expect(rig.ask({ op: "cpu_map", bo: 2 })).toBe(-22);
    expect(rig.ask({ op: "prime_export", bo: 1 })).toBe(0);
    expect(rig.ask({ op: "prime_export", bo: 1 })).toBe(0);
    expect(rig.bo(1).dmaBufs).toBe(1);
    expect(rig.closeBo(1)).toBe(0);
    expect(rig.closeBo(1)).toBe(-22);
    expect(rig.ask({ op: "queue_close", queue: 0 })).toBe(-2);
    expect(rig.ask({ op: "vm_create", vm: 1 })).toBe(-22);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("CPU_PREP waits, or asks", () => {
    const rig = new Rig("mainline");
    rig.create(1);
    rig.submit([1]);
    expect(rig.ask({ op: "cpu_prep", bo: 1, flags: 1 | 4 })).toBe(-16);
    expect(rig.ask({ op: "cpu_prep", bo: 1, flags: 1 })).toBe(0);
    expect(rig.machine.now).toBe(10 * MS);
    expect(rig.ask({ op: "cpu_prep", bo: 1, flags: 2 | 4 })).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it.each(["msm bo", "handle"])("no memory for %s", (what) => {
    const rig = new Rig("mainline");
    rig.file();
    rig.dev.failAlloc = (name) => name === what;
    expect(rig.create(1, 0, 0x20004)).toBe(-12);
    rig.dev.failAlloc = null;
    expect(rig.create(1)).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });
});

describe("the other ownership", () => {
  it("soft rules with counted references leak what the display showed", () => {
    const rig = new Rig("soft", { boOwnership: "hard" });
    rig.create(1);
    rig.call(rig.driver.scanout?.prepareFb(rig.bo(1)) as never);
    rig.call(rig.driver.scanout?.cleanupFb(rig.bo(1)) as never);
    rig.closeBo(1);
    expect(rig.finish()).toMatchObject({ bos: 3, vas: 3 });
  });

  it("6.17's rules with weak references lose nothing", () => {
    const rig = new Rig("mainline", { boOwnership: "soft" });
    rig.create(1);
    rig.submit([1]);
    rig.closeBo(1);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.driver.policy.boOwnership).toBe("soft");
    expect(rig.driver.policy.teardown.find(({ id }) => id === "bo-free")?.causedBy).toBe("driver");
  });
});
