import { EPIPE } from "@gpuvm/core";
import { Process } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { MS, NOTHING, Rig } from "./support/rig.ts";

const BASE = 2 ** 32;
const WATCH = { watch: true } as const;

/** Two programs that manage addresses, each with a buffer mapped; the GPU will hang with the next job. */
function hung(): Rig {
  const rig = new Rig("vm-bind", WATCH);
  for (const f of [0, 1]) {
    rig.vmBind(f);
    rig.create(1, f);
    rig.bind([{ bo: 1, va: BASE }], f);
  }
  rig.pass(MS);
  rig.driver.gpu?.hang();
  return rig;
}

const gpu = ({ driver }: Rig) => driver.device.gpu;
const fenceOf = (rig: Rig, f: number) => rig.file(f).ctx.queues.get(0)?.lastSubmit;

describe("recover_worker", () => {
  it("gives up the submit at hand, without an error, and writes all others again", () => {
    const rig = hung();
    for (const f of [0, 1, 1]) rig.submit([], f);
    const fence = fenceOf(rig, 0);
    rig.pass(900 * MS);
    expect(fence?.signaled).toBe(false);
    rig.pass(150 * MS);
    expect([fence?.signaled, fence?.error]).toEqual([true, 0]);
    expect(fenceOf(rig, 1)?.signaled).toBe(true);
    expect(rig.driver.ringCounts()).toEqual({ executed: 5, emptied: 0 });
    expect(rig.file(0).ctx.queues.get(0)?.faults).toBe(1);
    expect(rig.hazards).toEqual([]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("costs a program that manages addresses its VM: -EPIPE from then on, and what it has queued runs empty", () => {
    const rig = hung();
    for (const f of [0, 0, 1]) rig.submit([], f);
    rig.pass(2000 * MS);
    expect([0, 1].map((f) => rig.file(f).ctx.vm?.unusable)).toEqual([true, false]);
    expect(rig.file(0).ctx.vm?.faults).toBe(1);
    expect(rig.submit([], 0)).toBe(-EPIPE);
    expect(rig.bind([{ kind: "unmap", va: BASE }], 0)).toBe(-EPIPE);
    expect(rig.submit([], 1)).toBe(0);
    rig.pass(20 * MS);
    // Three and one more were written; two again, one of them empty.
    expect(rig.driver.ringCounts()).toEqual({ executed: 5, emptied: 1 });
    expect(rig.hazards).toEqual([]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("costs nobody a VM if the submitter is gone: its file may be another's", () => {
    const rig = hung();
    rig.submit([]);
    const { process } = rig.file();
    process.gone = true;
    rig.file().process = new Process();
    rig.pass(2000 * MS);
    expect([gpu(rig).globalFaults, rig.file().ctx.vm?.faults, rig.file().ctx.vm?.unusable]).toEqual([
      1,
      0,
      false,
    ]);
    expect(rig.submit([])).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("does not cost a VM that the kernel manages", () => {
    const rig = new Rig("mainline", WATCH);
    for (const bo of [1, 2]) rig.create(bo);
    rig.driver.gpu?.hang();
    rig.submit([1]);
    rig.submit([2]);
    const began = rig.machine.now;
    // It waits for every fence of the object, the one that hangs included.
    expect(rig.closeBo(1)).toBe(0);
    expect(rig.machine.now - began).toBeGreaterThanOrEqual(1000 * MS);
    expect([rig.file().ctx.vm?.faults, rig.file().ctx.vm?.unusable]).toEqual([1, false]);
    expect(rig.submit([2])).toBe(0);
    expect(rig.hazards).toEqual([]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("leaves a bind that is queued to find that the VM is lost: it unmaps, and maps nothing", () => {
    const rig = hung();
    rig.create(2);
    rig.ask({ op: "submit", bos: [], writes: [], cmds: 1, out: 1 });
    const ops = [
      { kind: "unmap" as const, bo: 0, boOffset: 0, va: BASE, length: 65536, flags: 0 },
      { kind: "map" as const, bo: 2, boOffset: 0, va: BASE + 65536, length: 65536, flags: 0 },
    ];
    rig.ask({ op: "vm_bind", queue: 9, in: 1, out: 0, ops });
    rig.pass(2000 * MS);
    expect([1, 2].map((bo) => rig.bo(bo).ptes)).toEqual([0, 0]);
    expect(rig.hazards).toEqual([]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("has nothing to do where the GPU goes on by itself, and looks no more when it is idle", () => {
    const rig = new Rig("mainline", { timeouts: true });
    rig.create(1);
    rig.submit([1]);
    rig.pass(1500 * MS);
    expect([rig.machine.timers.size, gpu(rig).crashstate, rig.driver.ringCounts().executed]).toEqual([
      0,
      false,
      1,
    ]);
  });

  it("looks after rings that were written to after it", () => {
    const rig = hung();
    rig.submit([], 1);
    rig.pass(2000 * MS);
    rig.driver.gpu?.hang();
    rig.submit([], 0);
    rig.pass(2000 * MS);
    expect([0, 1].map((f) => rig.file(f).ctx.vm?.unusable)).toEqual([true, true]);
  });
});

describe("a fault of the SMMU", () => {
  it("is kept for who reads it; the work goes on, and no VM is lost", () => {
    const rig = new Rig("vm-bind", WATCH);
    rig.vmBind();
    rig.create(1);
    rig.bind([{ bo: 1, va: BASE }]);
    rig.submit([]);
    rig.driver.gpu?.fault?.();
    rig.pass(20 * MS);
    expect([gpu(rig).crashstate, rig.file().ctx.vm?.unusable, fenceOf(rig, 0)?.signaled]).toEqual([
      true,
      false,
      true,
    ]);
    expect(rig.submit([])).toBe(0);
  });
});

describe("a job that is retired before the GPU is reset", () => {
  it.each(["mainline", "vm-bind"])(
    "%s: what it uses is in use still, and the fence that was believed is named",
    (variant) => {
      const rig = new Rig(variant, WATCH);
      const binds = variant === "vm-bind";
      if (binds) rig.vmBind();
      rig.create(1);
      if (binds) rig.bind([{ bo: 1, va: BASE }]);
      rig.pass(MS);
      rig.driver.gpu?.hang();
      rig.submit(binds ? [] : [1]);
      gpu(rig).rings[0]?.inFlight[0]?.fence.signal();
      rig.pass(MS);
      const name = fenceOf(rig, 0)?.name;
      if (binds) rig.bind([{ kind: "unmap", va: BASE }]);
      rig.closeBo(1);
      rig.pass(MS);
      expect(rig.machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([
        expect.stringMatching(
          new RegExp(`^gpu-fault: bo#\\d+ is unmapped under a job that uses it: ${name} was believed`),
        ),
      ]);
    },
  );
});
