import { ECANCELED, EIO, ENODEV } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import type { PvrDriver } from "../src/driver.ts";
import type { PvrFile } from "../src/file.ts";
import type { PvrContext } from "../src/queue/pvr-context.ts";
import { HEAP, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const VM: Line = { op: "vm_create", vm: 1 };
const gem = (bo: number, flags = 0): Line => ({ op: "gem_new", bo, size: K4, flags });
const compute = (context: number): Line => ({ op: "exec", jobs: [[2, context, 0]] });
const context = (queue: number): Line => ({ op: "queue_new", queue, vm: 1, class: 1 });

class Firmware extends Script {
  constructor() {
    super("mainline", { audit: true, lockdep: true, watch: true });
    this.run(VM, gem(1), map(1, HEAP, K4));
  }

  get firmware(): PvrDriver["firmware"] {
    return (this.replay.driver as PvrDriver).firmware;
  }

  stalls(works: boolean): number | undefined {
    return this.replay.machine.call(this.firmware.stalls(works));
  }

  pages(): number | null | undefined {
    return this.replay.machine.call(this.firmware.wantsPages());
  }

  faulty(handle: number): boolean | undefined {
    return ((this.replay.file(0) as PvrFile).contexts.get(handle) as PvrContext | undefined)?.faulty;
  }

  /** What syncobj 1 has: null, if it has not signalled. */
  get error(): number | null {
    const fence = this.replay.file(0).syncobjs.get(1)?.fence?.base;
    return fence?.signaled === true ? fence.error : null;
  }

  end(): void {
    this.replay.finish();
    expect(this.replay.machine.hazards).toEqual([]);
    expect(this.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  }
}

describe("a hard reset", () => {
  it("cancels what was with the firmware, and its context takes no more; others go on", () => {
    const script = new Firmware();
    script.run(context(6), context(7), { op: "syncobj_create", syncobj: 1 });
    script.run({ ...compute(6), syncOps: [[{ handle: 1, wait: false }]] } as Line);
    const { machine } = script.replay;
    machine.settle();
    expect([script.error, machine.inUse.size]).toEqual([null, 1]);
    expect(script.stalls(true)).toBe(0);
    expect([script.error, machine.inUse.size, machine.now]).toEqual([-ECANCELED, 0, 0]);
    expect([script.faulty(6), script.faulty(7)]).toEqual([true, false]);
    expect(script.run(compute(6), compute(7))).toEqual([-EIO, 0]);
    machine.quiesce();
    expect([machine.counts.gpuJobs, machine.now]).toEqual([2, 10_000_000]);
    script.end();
  });

  it("lets a queued job run, and end as cancelled", () => {
    const script = new Firmware();
    script.run(context(6), { op: "syncobj_create", syncobj: 1 });
    const gate = script.gate();
    script.syncobj(2, gate);
    script.run(compute(6));
    const ops = [
      { handle: 2, wait: true },
      { handle: 1, wait: false },
    ];
    script.run({ ...compute(6), syncOps: [ops] } as Line);
    script.stalls(true);
    expect(script.error).toBe(null);
    gate.base.signal();
    script.replay.machine.quiesce();
    expect(script.error).toBe(-ECANCELED);
    gate.put("test");
    script.end();
  });
});

describe("a device that is lost", () => {
  it("answers no call; what was with the firmware is cancelled, and files end", () => {
    const script = new Firmware();
    script.run(context(6), { op: "syncobj_create", syncobj: 1 });
    script.run({ ...compute(6), syncOps: [[{ handle: 1, wait: false }]] } as Line);
    expect(script.stalls(false)).toBe(-EIO);
    expect(script.error).toBe(-ECANCELED);
    expect(script.run(compute(6), gem(2), unmap(HEAP, K4), { op: "gem_close", bo: 1 })).toEqual([
      -ENODEV,
      -ENODEV,
      -ENODEV,
      -ENODEV,
    ]);
    expect(script.stalls(true)).toBe(-EIO);
    const { tlb } = script.replay.machine.counts;
    const before = JSON.stringify(tlb);
    script.replay.close(0);
    // There is nobody who could be told to flush.
    expect(JSON.stringify(tlb)).toBe(before);
    script.end();
  });
});

describe("a free list", () => {
  const list = (initPages: number, growThreshold = 0) =>
    ({
      op: "create_free_list",
      id: 1,
      vm: 1,
      va: HEAP + K4,
      initPages,
      maxPages: 100,
      growPages: 20,
      growThreshold,
    }) as const;
  const listOf = (script: Script) => [...(script.replay.file(0) as PvrFile).freeLists.values()][0];

  function drawing(initPages: number, growThreshold = 0): Firmware {
    const script = new Firmware();
    script.run(gem(2, 2), map(2, HEAP + K4, K4));
    expect(script.ask(list(initPages, growThreshold))).toBe(0);
    return script;
  }

  it("grows when the firmware asks, up to what the program allowed, and keeps some pages ready", () => {
    const script = drawing(60, 10);
    expect(listOf(script)).toMatchObject({ currentPages: 56, readyPages: 4 });
    expect(script.pages()).toBe(20);
    expect(listOf(script)).toMatchObject({ currentPages: 72, readyPages: 8 });
    expect([script.pages(), script.pages()]).toEqual([20, null]);
    expect(listOf(script)).toMatchObject({ currentPages: 92, readyPages: 8, refs: 1 });
    script.end();
  });

  it("gets nothing where there is no memory, and stays as it is", () => {
    const script = drawing(60);
    const { dev } = script.replay.machine;
    for (const out of ["pvr_free_list_node", "pvr_gem_object", "pvr pages"]) {
      dev.failAlloc = (what) => what === out;
      expect(script.pages()).toBe(0);
    }
    dev.failAlloc = null;
    expect(listOf(script)).toMatchObject({ currentPages: 60, refs: 1 });
    expect(listOf(script)?.blocks.length).toBe(1);
    script.end();
  });

  it("is built again with all its pages, and gives each back in the end", () => {
    const script = drawing(60);
    script.pages();
    const built = listOf(script);
    if (built !== undefined) built.currentPages = 3;
    expect(script.replay.machine.call(script.firmware.wantsReconstruction())).toBe(true);
    expect(built).toMatchObject({ currentPages: 80, refs: 1 });
    const { objects } = script.replay.machine.memory;
    const before = objects.size;
    script.ask({ op: "destroy_free_list", id: 1 });
    // Two blocks of pages, and the firmware's object; the program's buffer is mapped.
    expect(before - objects.size).toBe(3);
    expect(script.pages()).toBe(null);
    expect(script.replay.machine.call(script.firmware.wantsReconstruction())).toBe(false);
    script.end();
  });
});
