import { EBUSY, EINVAL, ENOENT, ENOMEM, EPERM } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { gem, INIT, type Line, map, Script } from "./script.ts";

const K4 = 4096;
const GART = 4;
const CHANNEL: Line = { op: "channel_new", channel: 1 };

function submit(...bos: number[]): Line {
  return { op: "submit", channel: 1, bos, writes: [0], cmds: 1 };
}

function end(script: Script): void {
  script.replay.finish();
  expect(script.replay.machine.hazards).toEqual([]);
  expect(script.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  expect(script.replay.machine.dev.ledger?.all()).toEqual([]);
}

describe("eviction", () => {
  it("keeps mappings, clears entries, and maps again in the next exec's validation", () => {
    const script = new Script();
    script.run(
      INIT,
      gem(1, K4, GART),
      gem(2, K4, GART | 32),
      CHANNEL,
      map(1, 0x10000, K4),
      map(2, 0x20000, K4),
    );
    const { machine, driver } = script.replay;
    expect(machine.call(driver.shrink?.(2 ** 30) as never)).toBe(2 * K4);
    const pt = machine.vms[0]?.pt;
    expect(pt?.ptes.at(0x10000)).toBe(null);
    expect(machine.vms[0]?.mappings).toBe(2);
    expect(script.run({ op: "exec", channel: 1, push: [[K4, 64]] })).toEqual([0]);
    expect(pt?.ptes.at(0x10000)?.bo?.size).toBe(K4);
    expect(machine.counts.rebinds).toBe(2);
    end(script);
  });

  it("waits for who uses it, and passes over what is pinned, and what lies in VRAM", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4, GART), CHANNEL, map(1, 0x10000, K4), {
      op: "exec",
      channel: 1,
      push: [[K4, 64]],
    });
    const { machine, driver } = script.replay;
    expect(machine.call(driver.shrink?.(2 ** 30) as never)).toBe(K4);
    expect(machine.now).toBe(10_000_000);
    script.run(gem(2, K4, 2));
    const [bo] = [...machine.memory.objects].filter(({ pins }) => pins === 0);
    expect(machine.call(driver.scanout?.prepareFb(bo as never) as never)).toBe(0);
    expect(machine.call(driver.shrink?.(2 ** 30) as never)).toBe(0);
    machine.call(driver.scanout?.cleanupFb(bo as never) as never);
    expect(machine.call(driver.shrink?.(2 ** 30) as never)).toBe(K4);
    end(script);
  });

  it("of an object that is bound then: the bind brings it back first (N3)", () => {
    for (const defects of [[], ["N3"]]) {
      const script = new Script("vm-bind", {}, { defects: new Set(defects) });
      script.run(INIT, gem(1, K4, GART));
      const { machine, driver } = script.replay;
      machine.call(driver.shrink?.(2 ** 30) as never);
      expect(script.run(map(1, 0x10000, K4))).toEqual([0]);
      expect(script.hazards).toEqual(defects.length > 0 ? ["use-after-free"] : []);
    }
  });

  it("an old-style submit brings back what it names, and only that", () => {
    const script = new Script("legacy");
    script.run(gem(1, K4, GART), gem(2, K4, GART), CHANNEL);
    const { machine, driver } = script.replay;
    machine.call(driver.shrink?.(2 ** 30) as never);
    expect(machine.counts.evictions).toBe(2);
    expect(script.run(submit(1))).toEqual([0]);
    expect(machine.counts.rebinds).toBe(1);
    end(script);
  });
});

describe("failures", () => {
  it("of an import leave nothing (N4)", () => {
    for (const defects of [[], ["N4"]]) {
      const script = new Script("vm-bind", { audit: true }, { defects: new Set(defects) });
      const { dev } = script.replay.machine;
      script.run(INIT);
      dev.failAlloc = (what) => what === "nouveau_bo";
      script.run({ op: "prime_import", bo: 1, size: K4, fresh: true });
      expect(script.hazards).toEqual(defects.length > 0 ? ["count-underflow"] : []);
      expect(script.replay.machine.memory.objects.size).toBe(0);
    }
  });

  it("of a pin leave no pin (N6)", () => {
    for (const defects of [[], ["N6"]]) {
      const script = new Script("vm-bind", {}, { defects: new Set(defects) });
      script.run(INIT, gem(1, K4, GART));
      const { machine, driver } = script.replay;
      machine.call(driver.shrink?.(2 ** 30) as never);
      machine.dev.failAlloc = (what) => what === "nouveau memory";
      const [bo] = machine.memory.objects;
      expect(machine.call(driver.scanout?.prepareFb(bo as never) as never)).toBe(-ENOMEM);
      expect(bo?.pins).toBe(defects.length);
    }
  });
});

describe("private objects", () => {
  it("leave neither file nor VM", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4, 38), gem(2, K4), { ...INIT, f: 1 });
    expect(script.run({ op: "prime_export", bo: 1 }, { op: "prime_export", bo: 2 })).toEqual([-EPERM, 0]);
    const { machine, driver } = script.replay;
    const own = script.replay.file(0);
    expect(driver.prime?.exportBo(own, 1)).toBe(null);
    const dmaBuf = driver.prime?.exportBo(own, 2) ?? null;
    if (dmaBuf === null) throw new Error("not exported");
    expect(machine.call(driver.prime?.importBo(script.replay.file(1), dmaBuf, 7) as never)).toBe(0);
    expect(script.run({ ...map(7, 0x10000, K4), f: 1 })).toEqual([0]);
    dmaBuf.close();
    end(script);
  });

  it("need a VM", () => {
    const script = new Script();
    expect(script.run(gem(1, K4, 38))).toEqual([-EINVAL]);
    end(script);
  });

  it("are freed while the VM's jobs run: their memory stays until then", () => {
    const script = new Script();
    script.run(
      INIT,
      gem(1, K4, 38),
      CHANNEL,
      { op: "exec", channel: 1, push: [[K4, 64]] },
      { op: "gem_close", bo: 1 },
    );
    const { machine } = script.replay;
    const left = () => [...machine.memory.objects].filter(({ refs }) => refs === 0).length;
    expect(left()).toBe(1);
    machine.quiesce();
    expect(left()).toBe(0);
    end(script);
  });
});

describe("the older interface", () => {
  it("maps with the handle, and unmaps when the last work is done, while nobody waits", () => {
    const script = new Script("legacy");
    script.run(gem(1, K4), CHANNEL, submit(1));
    const { machine } = script.replay;
    const [record] = machine.vms;
    expect(record?.mappings).toBe(3);
    expect(script.run({ op: "gem_close", bo: 1 })).toEqual([0]);
    expect(machine.now).toBe(0);
    expect(record?.mappings).toBe(3);
    machine.quiesce();
    expect(record?.mappings).toBe(2);
    end(script);
  });

  it("counts the handles of one client", () => {
    const script = new Script("legacy");
    script.run(gem(1, K4));
    const { machine, driver } = script.replay;
    const file = script.replay.file(0);
    const dmaBuf = driver.prime?.exportBo(file, 1) ?? null;
    if (dmaBuf === null) throw new Error("not exported");
    machine.call(driver.prime?.importBo(file, dmaBuf, 2) as never);
    dmaBuf.close();
    script.run({ op: "gem_close", bo: 1 });
    expect(machine.vms[0]?.mappings).toBe(1);
    script.run({ op: "gem_close", bo: 2 });
    expect(machine.vms[0]?.mappings).toBe(0);
    end(script);
  });

  it("refuses a list that names a buffer twice, or none, and holds nothing afterwards (N5)", () => {
    for (const defects of [[], ["N5"]]) {
      const script = new Script("legacy", { audit: true }, { defects: new Set(defects) });
      script.run(gem(1, K4), gem(2, K4), CHANNEL);
      expect(script.run(submit(1, 2, 1), submit(1, 9), submit(1, 2))).toEqual([-EINVAL, -ENOENT, 0]);
      script.replay.finish();
      expect(script.replay.leftAtDeviceClose?.bos).toBe(defects.length);
    }
  });

  it("a client's close waits for its channels", () => {
    const script = new Script("legacy");
    script.run(gem(1, K4), CHANNEL, submit(1), submit(1));
    script.replay.close(0);
    expect(script.replay.machine.counts.fileCloseWaitNs.max).toBe(20_000_000);
    end(script);
  });

  it("a question for a busy buffer says so, and a wait waits", () => {
    const script = new Script("legacy");
    script.run(gem(1, K4), CHANNEL, submit(1));
    const prep = (flags: number): Line => ({ op: "cpu_prep", bo: 1, flags });
    expect(script.run(prep(1), prep(0), prep(1))).toEqual([-EBUSY, 0, 0]);
    end(script);
  });

  it("with hard ownership it leaks nothing either: the handle's close tears down", () => {
    const script = new Script("legacy", { audit: true }, { boOwnership: "hard" });
    script.run(gem(1, K4), CHANNEL, submit(1), { op: "gem_close", bo: 1 });
    end(script);
  });
});
