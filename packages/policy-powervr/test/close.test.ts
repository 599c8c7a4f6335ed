import { describe, expect, it } from "vitest";
import { HEAP, type Line, map, Script } from "./script.ts";

const K4 = 4096;
const VM: Line = { op: "vm_create", vm: 1 };
const RENDER: Line = { op: "queue_new", queue: 5, vm: 1, class: 0 };
const COMPUTE: Line = { op: "queue_new", queue: 6, vm: 1, class: 1 };
const gem = (bo: number, size = K4): Line => ({ op: "gem_new", bo, size, flags: 0 });
const PM: Line = { op: "gem_new", bo: 1, size: K4, flags: 2 };
const NOTHING = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };

describe("the loop through a fence (P2, CVE-2024-53084)", () => {
  // A shared buffer has the fence of the last job in its dma_resv.
  const lines: Line[] = [
    VM,
    COMPUTE,
    gem(1),
    map(1, HEAP, K4),
    { op: "prime_export", bo: 1 },
    { op: "exec", jobs: [[2, 6, 0]] },
  ];

  it("is broken when the file closes", () => {
    const script = new Script();
    script.run(...lines);
    script.replay.finish();
    expect(script.hazards).toEqual([]);
    expect(script.replay.leftAtDeviceClose).toEqual(NOTHING);
    expect(script.replay.machine.dev.ledger?.all()).toEqual([]);
  });

  it("leaked everything before: buffer, link, mapping, VM, although every job is long done", () => {
    const script = new Script("6.11", { audit: true });
    script.run(...lines);
    script.replay.finish();
    const left = script.replay.leftAtFileClose;
    expect(left?.vas).toBeGreaterThanOrEqual(1);
    expect(left?.vms).toBe(2);
    const { ledger } = script.replay.machine.dev;
    const holders = ledger?.all().map(
      (what) =>
        `${what.name} <- ${ledger
          .holders(what)
          .map(({ holder }) => holder)
          .join()}`,
    );
    const chain = holders?.join("\n").replaceAll(/\d+/g, "N");
    expect(chain).toContain("bo#N <- vm_bo#N (vm#N, bo#N)");
    expect(chain).toContain("fence#N <- bo#N");
    expect(chain).toContain("context#N <- fence#N");
    expect(chain).toContain("vm_ctx#N <- context#N");
  });

  it("needs the fence: without sharing nothing leaks", () => {
    const script = new Script("6.11", {});
    script.run(...lines.filter(({ op }) => op !== "prime_export"));
    script.replay.finish();
    expect(script.replay.leftAtDeviceClose).toEqual(NOTHING);
  });
});

describe("two counts", () => {
  it("a context keeps the VM's mappings after the VM was destroyed", () => {
    const script = new Script();
    script.run(VM, COMPUTE, gem(1), map(1, HEAP, K4), { op: "vm_destroy", vm: 1 });
    const record = script.replay.machine.vms.find(({ purpose }) => purpose === "program");
    expect(record?.mappings).toBe(1);
    script.run({ op: "queue_close", queue: 6 });
    expect([record?.mappings, record?.freed]).toEqual([0, true]);
    script.replay.finish();
    expect(script.hazards).toEqual([]);
  });

  it("a running job keeps its context, and that the VM", () => {
    const script = new Script();
    script.run(VM, COMPUTE, gem(1), map(1, HEAP, K4), { op: "exec", jobs: [[2, 6, 0]] });
    script.run({ op: "queue_close", queue: 6 }, { op: "vm_destroy", vm: 1 });
    const { machine } = script.replay;
    const record = machine.vms.find(({ purpose }) => purpose === "program");
    expect(record?.freed).toBe(false);
    machine.quiesce();
    expect(record?.freed).toBe(true);
    script.replay.finish();
    expect(script.hazards).toEqual([]);
  });

  it("at file close mappings go at once, although a job runs; nobody waits", () => {
    const script = new Script();
    script.run(VM, COMPUTE, gem(1), map(1, HEAP, K4), { op: "exec", jobs: [[2, 6, 0]] });
    script.replay.close(0);
    const { machine } = script.replay;
    const record = machine.vms.find(({ purpose }) => purpose === "program");
    expect([machine.now, record?.mappings, record?.freed]).toEqual([0, 0, false]);
    script.replay.finish();
    expect([script.hazards, script.replay.leftAtDeviceClose]).toEqual([[], NOTHING]);
  });
});

describe("memory that the kernel manages for the tiler", () => {
  const list: Line = { op: "free_list_create", va: HEAP, initPages: 512, maxPages: 1024, growPages: 64 };

  it("a free list keeps the program's buffer, and an HWRT dataset the free list", () => {
    const script = new Script();
    script.run(VM, PM, map(1, HEAP, K4), list, { op: "hwrt_create", width: 64, height: 64 });
    script.run(
      { op: "gem_close", bo: 1 },
      { op: "vm_bind", vm: 1, ops: [{ kind: "unmap", bo: 0, boOffset: 0, va: HEAP, length: K4, flags: 0 }] },
    );
    const sizes = [...script.replay.machine.memory.objects].map(({ size }) => size);
    expect(sizes).toContain(512 * K4);
    // The list's buffer, and firmware objects: the VM's, the free list's, and three of the dataset.
    expect(sizes.filter((size) => size === K4).length).toBe(6);
    script.replay.finish();
    expect([script.hazards, script.replay.leftAtDeviceClose]).toEqual([[], NOTHING]);
    expect(script.replay.machine.dev.ledger?.all()).toEqual([]);
  });

  it("a job fences the dataset's firmware object and no buffer of the program", () => {
    const script = new Script();
    script.run(VM, RENDER, PM, map(1, HEAP, K4), list, { op: "hwrt_create" });
    expect(
      script.run({
        op: "exec",
        jobs: [
          [0, 5, 0],
          [1, 5, 0],
        ],
      }),
    ).toEqual([0]);
    const busy = [...script.replay.machine.memory.objects].filter(({ resv }) => resv.busy(3) !== null);
    expect(busy.length).toBe(1);
    expect(busy[0]?.resv.pending().map(({ usage }) => usage)).toEqual([1, 2]);
    script.replay.finish();
    expect([script.hazards, script.replay.leftAtDeviceClose]).toEqual([[], NOTHING]);
    expect(script.replay.machine.dev.ledger?.all()).toEqual([]);
  });
});

describe("buffers between files", () => {
  it("one object with a handle in each", () => {
    const script = new Script();
    script.run(VM, gem(1), { op: "vm_create", vm: 2, f: 1 });
    const { machine, driver } = script.replay;
    const dmaBuf = driver.prime?.exportBo(script.replay.file(0), 1) ?? null;
    if (dmaBuf === null) throw new Error("not exported");
    expect(machine.call(driver.prime?.importBo(script.replay.file(1), dmaBuf, 7) as never)).toBe(0);
    dmaBuf.close();
    expect(script.run({ ...map(7, HEAP, K4, 0, 2), f: 1 })).toEqual([0]);
    script.replay.finish();
    expect([script.hazards, script.replay.leftAtDeviceClose]).toEqual([[], NOTHING]);
  });
});
