import { E2BIG, ECANCELED, ENOMEM } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { PLACE_SYSTEM, PLACE_VRAM0 } from "../src/flags.ts";
import { VM_LR_MODE } from "../src/index.ts";
import type { XeBo } from "../src/memory/bo.ts";
import { Bench, MIB } from "./bench.ts";

const EITHER = PLACE_VRAM0 | PLACE_SYSTEM;

/** 16 MiB of VRAM, one VM with a queue, and objects of 4 MiB, of which three fit beside page tables. */
function ready({ flags = 0, placement = EITHER, objects = 3 } = {}): Bench {
  const bench = new Bench({ vram: 16 * MIB, watch: true });
  bench.ask({ op: "vm_create", vm: 1, flags });
  for (let bo = 1; bo <= objects; bo++) {
    expect(bench.ask({ op: "gem_new", bo, size: 4 * MIB, placement })).toBe(0);
    expect(bench.bind(1, { bo, va: bo * 16 * MIB, length: 4 * MIB })).toBe(0);
  }
  bench.ask({ op: "queue_new", queue: 1, vm: 1 });
  bench.now += 1e9;
  return bench;
}

const exec = (bench: Bench) => bench.ask({ op: "exec", queue: 1, batches: 1, addr: 4096 });
const places = (bench: Bench, ...bos: number[]) => bos.map((bo) => bench.bo(bo).place);
const used = (bench: Bench) => (bench.bo(1) as XeBo).xe.ttm.vram?.used;

function clean(bench: Bench): void {
  const { xe } = bench.bo(1);
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.references()).toEqual([]);
  // The root of the kernel's own VM stays.
  expect(xe.ttm.vram?.used).toBe(4096);
}

describe("memory of the device's own", () => {
  it("is charged for objects and page tables, and given back", () => {
    const bench = ready();
    expect(places(bench, 1, 2, 3)).toEqual(["vram", "vram", "vram"]);
    // Four levels of tables, and the kernel's root.
    expect(used(bench)).toBe(12 * MIB + 5 * 4096);
    clean(bench);
  });

  it("refuses what can never fit, and where nothing can go", () => {
    const bench = ready();
    expect(bench.ask({ op: "gem_new", bo: 9, size: 32 * MIB, placement: PLACE_VRAM0 })).toBe(-E2BIG);
    expect(bench.ask({ op: "gem_new", bo: 9, size: 4096, placement: 0 })).toBe(-22);
    clean(bench);
  });

  it("is taken from what was not used for longest, under work that runs, and comes back behind the copies", () => {
    const bench = ready();
    expect(exec(bench)).toBe(0);
    expect(bench.ask({ op: "gem_new", bo: 4, size: 4 * MIB, placement: EITHER })).toBe(0);
    expect(places(bench, 1, 4)).toEqual(["tt", "vram"]);
    const copied = bench.bo(1).resv.busy(0);
    const cleared = bench.bo(4).resv.busy(0);
    expect(copied?.signaled).toBe(false);
    expect(cleared?.signaled).toBe(false);
    // The driver's own copies are not the program's work.
    expect(bench.machine.counts.gpuJobs).toBe(1);
    // VRAM is full: what is where it is second best stays there.
    expect(exec(bench)).toBe(0);
    expect(places(bench, 1, 2, 3, 4)).toEqual(["tt", "vram", "vram", "vram"]);
    bench.ask({ op: "gem_close", bo: 4 });
    bench.machine.settle();
    clean(bench);
  });

  it("is not taken from what the VM that is made resident has mapped", () => {
    const bench = ready({ placement: PLACE_VRAM0 });
    bench.ask({ op: "vm_create", vm: 2, flags: 0 });
    expect(bench.ask({ op: "gem_new", bo: 4, size: 4 * MIB, placement: PLACE_VRAM0 })).toBe(0);
    expect(places(bench, 1)).toEqual(["tt"]);
    expect(bench.bind(1, { bo: 4, va: 256 * MIB, length: 4 * MIB })).toBe(0);
    expect(exec(bench)).toBe(-ENOMEM);
    clean(bench);
  });

  it("bans a long-running VM that can't be bound again", () => {
    const bench = ready({ placement: PLACE_VRAM0, flags: VM_LR_MODE });
    bench.bo(1).xe.endlessLongRunning = true;
    expect(exec(bench)).toBe(0);
    // Another program's object takes the room; the worker takes it back, and then has no memory to bind again.
    bench.machine.dev.failAlloc = (what) => what === "xe pt update";
    bench.ask({ op: "gem_new", bo: 4, size: 4 * MIB, placement: PLACE_VRAM0 });
    bench.machine.dev.failAlloc = null;
    expect(places(bench, 1, 4)).toEqual(["vram", "tt"]);
    expect(bench.vm(1).banned).toBe(true);
    expect(exec(bench)).toBe(-ECANCELED);
    clean(bench);
  });
});
