import { ENOMEM } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { createDevice } from "../src/device.ts";
import type { NouveauBo } from "../src/gem/bo.ts";
import { freeResource } from "../src/ttm/move.ts";
import { PL_TT, PL_VRAM } from "../src/ttm/place.ts";
import type { Resource } from "../src/ttm/resource.ts";
import { evictAll } from "../src/ttm/validate.ts";
import { gem, INIT, type Line, map, Script } from "./script.ts";

const K4 = 4096;
const K64 = 2 ** 16;
const VRAM = 2;
const GART = 4;
const CHANNEL: Line = { op: "channel_new", channel: 1 };
const EXEC: Line = { op: "exec", channel: 1, push: [[K4, 64]] };
const CHECKS = { audit: true, lockdep: true, watch: true } as const;

function bo(script: Script, handle: number): NouveauBo {
  return script.replay.file(0).handles.get(handle) as NouveauBo;
}

function end(script: Script): void {
  script.replay.finish();
  expect(script.replay.machine.hazards).toEqual([]);
  expect(script.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
}

describe("VRAM that is full", () => {
  it("sends who is least recently used to the GART, where small pages stay mapped", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: 2 * K4 });
    script.run(INIT, gem(1, K4, VRAM), gem(2, K4, VRAM), map(1, 0x10000, K4), gem(3, K4, VRAM));
    expect([1, 2, 3].map((n) => bo(script, n).lies)).toEqual([GART, VRAM, VRAM]);
    const { machine } = script.replay;
    expect(machine.vms[0]?.pt.ptes.at(0x10000)?.bo).toBe(bo(script, 1));
    expect(machine.counts.evictions).toBe(1);
    end(script);
  });

  it("leaves mappings with large pages without entries, until the next EXEC brings the object back", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: K64 });
    script.run(INIT, CHANNEL, gem(1, K64, VRAM), map(1, 0x10000, K64), gem(2, K64, VRAM));
    const pt = script.replay.machine.vms[0]?.pt;
    expect([bo(script, 1).lies, pt?.ptes.at(0x10000)]).toEqual([GART, null]);
    expect(script.run({ op: "gem_close", bo: 2 }, EXEC)).toEqual([0, 0]);
    expect([bo(script, 1).lies, pt?.ptes.at(0x10000)?.bo]).toEqual([VRAM, bo(script, 1)]);
    end(script);
  });

  it("is not given back while the GPU copies from it", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: 2 * K4 });
    script.run(INIT, gem(1, K4, VRAM));
    const moved = bo(script, 1);
    const { machine } = script.replay;
    const old = moved.resource as Resource;
    old.copied = machine.fence(machine.fenceContext(), 1);
    freeResource(moved.nv, old);
    expect(machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([
      `use-after-free: memory of ${moved.name} is given back while the GPU copies from it`,
    ]);
  });

  it("is no reason to move others for an object that may be in the GART, too", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: K4 });
    script.run(INIT, gem(1, K4, VRAM), gem(2, K4, VRAM | GART));
    expect([1, 2].map((n) => bo(script, n).lies)).toEqual([VRAM, GART]);
    end(script);
  });

  it("refuses what can never fit, and leaves nothing of it", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: K4 });
    expect(script.run(INIT, gem(1, 2 * K4, VRAM), gem(2, K4, VRAM))).toEqual([0, -ENOMEM, 0]);
    end(script);
  });

  it("waits for work that uses who has to go, and charges each object once", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: K64 });
    script.run(INIT, CHANNEL, gem(1, K64, VRAM), map(1, 0x10000, K64), EXEC);
    const { machine } = script.replay;
    expect(machine.now).toBe(0);
    script.run(gem(2, K64, VRAM));
    // The EXEC, and the copy.
    expect(machine.now).toBe(20_000_000);
    script.run({ op: "gem_close", bo: 2 }, EXEC, { op: "gem_close", bo: 1 }, gem(3, K64, VRAM));
    expect(bo(script, 3).lies).toBe(VRAM);
    end(script);
  });

  it("a pinned object stays", () => {
    const script = new Script("vm-bind", { ...CHECKS, vram: K4 });
    script.run(INIT, gem(1, K4, VRAM));
    const { machine, driver } = script.replay;
    expect(machine.call(driver.scanout?.prepareFb(bo(script, 1)) as never)).toBe(0);
    expect(script.run(gem(2, K4, VRAM))).toEqual([-ENOMEM]);
    machine.call(driver.scanout?.cleanupFb(bo(script, 1)) as never);
    end(script);
  });
});

describe("a move for which the GPU has no page tables", () => {
  it("is made by the CPU; if that fails, too, the object stays where it was, and mapped there", () => {
    for (const fails of [false, true]) {
      const script = new Script("vm-bind", { ...CHECKS, vram: K64 });
      script.run(INIT, CHANNEL, gem(1, K64, VRAM), map(1, 0x10000, K64));
      const { machine } = script.replay;
      const pt = machine.vms[0]?.pt;
      machine.dev.failAlloc = (what) =>
        what === "nouveau page table" || (fails && what === "ttm_bo_move_memcpy");
      expect(script.run(gem(2, K64, VRAM))).toEqual([fails ? -ENOMEM : 0]);
      expect(bo(script, 1).lies).toBe(fails ? VRAM : GART);
      expect(pt?.ptes.at(0x10000)?.bo ?? null).toBe(fails ? bo(script, 1) : null);
      machine.dev.failAlloc = null;
      expect(script.run(EXEC)).toEqual([0]);
      expect(pt?.ptes.at(0x10000)?.bo).toBe(bo(script, 1));
      end(script);
    }
  });
});

describe("the host's memory, up to a limit", () => {
  it("is swapped out, oldest first, and comes back with the next use", () => {
    const script = new Script("vm-bind", { ...CHECKS, memory: 2 * K4 });
    script.run(INIT, gem(1, K4, GART), map(1, 0x10000, K4), gem(2, K4, GART), gem(3, K4, GART));
    expect([1, 2, 3].map((n) => bo(script, n).lies)).toEqual([0, GART, GART]);
    expect(bo(script, 1).tt).toBe("swapped");
    expect(script.run(map(1, 0x20000, K4))).toEqual([0]);
    expect([1, 2, 3].map((n) => bo(script, n).lies)).toEqual([GART, 0, GART]);
    end(script);
  });
});

describe("evict all", () => {
  it("empties a place, freed objects that wait for their fences included", () => {
    const script = new Script("vm-bind", { ...CHECKS });
    script.run(INIT, CHANNEL, gem(1, K4, VRAM), gem(2, K4, VRAM), map(1, 0x10000, K4));
    const { nv } = bo(script, 1);
    script.run(EXEC, { op: "gem_close", bo: 2 });
    const { machine } = script.replay;
    expect(machine.call(evictAll(nv, PL_VRAM))).toBe(0);
    expect(nv.places[PL_VRAM].lru.length).toBe(0);
    expect(machine.call(evictAll(nv, PL_TT))).toBe(0);
    expect(bo(script, 1).lies).toBe(0);
    expect(nv.places[PL_TT].lru.toArray().every(({ bo: { pins } }) => pins > 0)).toBe(true);
    expect(
      createDevice(machine, function* () {
        return 0;
      }).places[PL_VRAM].free,
    ).toBe(Number.POSITIVE_INFINITY);
    end(script);
  });
});
