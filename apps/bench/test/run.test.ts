import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { DRIVERS, subjectName, subjects } from "@gpuvm/drivers";
import { runResult } from "@gpuvm/results";
import { expectedAnswersPath } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { runRun } from "../src/commands/run.ts";
import { openTrace, shippedSources } from "../src/index.ts";
import { replayOne } from "../src/run/replay.ts";

interface Expected {
  readonly steps: { readonly map: number; readonly unmap: number; readonly remap: number };
  readonly remapPieces: { readonly prev: number; readonly next: number };
  readonly keep: number;
  readonly peakMappings: number;
  readonly finalMappings: number;
}

const { traces } = JSON.parse(readFileSync(expectedAnswersPath(), "utf8")) as {
  traces: Record<string, Record<string, Expected>>;
};
const OPTIONS = { audit: false, lockdep: false, repeat: 1 };

describe("run", () => {
  for (const path of shippedSources()) {
    const name = basename(path);
    const driver = DRIVERS.find((d) => name.startsWith(d.name))?.name ?? "";
    it(`${name}: replays natively on ${driver}, as the kernel answered, and leaves nothing`, async () => {
      const [subject] = subjects([driver], "native");
      const result = runResult(await replayOne(await openTrace(path), subject as never, OPTIONS));
      expect({ translated: result.translated, errors: result.errors, hazards: result.first_hazards }).toEqual(
        {
          translated: false,
          errors: 0,
          hazards: [],
        },
      );
      const { bos, vms, vmBos, vas } = result.left_at_device_close;
      expect([bos, vms, vmBos, vas]).toEqual([0, 0, 0, 0]);
      for (const [key, expected] of Object.entries(traces[name] ?? {})) {
        const vm = result.vms.find((v) => `${v.file}/${v.vm}` === key);
        expect(vm?.coreSteps).toEqual(expected.steps);
        expect(vm?.remapPieces).toEqual(expected.remapPieces);
        expect([vm?.keep, vm?.peakMappings, vm?.finalMappings]).toEqual([
          expected.keep,
          expected.peakMappings,
          expected.finalMappings,
        ]);
      }
    });
  }

  it("replays every trace on every driver without hazards or left-behinds, translated where it must", async () => {
    for (const path of shippedSources().filter((p) => /sparse|neverball|glmark2/.test(p))) {
      const source = await openTrace(path);
      for (const subject of subjects([], "native")) {
        const result = runResult(await replayOne(source, subject, OPTIONS));
        const what = {
          on: subjectName(subject),
          errors: result.errors,
          hazards: result.hazards,
          left: result.left_at_device_close.bos,
        };
        expect(what).toEqual({ on: subjectName(subject), errors: 0, hazards: 0, left: 0 });
        expect(result.translated).toBe(!source.header.driver.startsWith(subject.driver.name));
      }
    }
  }, 60_000);

  it("prints a table that fits a screen, and JSON that says the same", async () => {
    const args = {
      policy: [],
      ownership: "native",
      details: false,
      out: undefined,
      samples: 1,
      ...OPTIONS,
    } as const;
    const trace = shippedSources().filter((p) => p.includes("glmark2"));
    let text = "";
    expect(await runRun({ ...args, trace, format: "table" }, (t) => (text += t))).toBe(0);
    const lines = text.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.length).toBeLessThanOrEqual(60);
    let json = "";
    await runRun({ ...args, trace, format: "json" }, (t) => (json += t));
    const { runs } = JSON.parse(json) as { runs: { policy: string; maps: number; translated: boolean }[] };
    expect(runs.map((r) => r.policy)).toEqual(DRIVERS.map((d) => d.name));
    expect(runs.filter((r) => !r.translated).map((r) => [r.policy, r.maps])).toEqual([["panthor", 250]]);
  }, 60_000);

  it("counts the same when a trace is replayed again", async () => {
    const source = await openTrace(shippedSources().find((p) => p.includes("powervr")) as string);
    for (const subject of subjects([], "native").slice(0, 2)) {
      const once = runResult(await replayOne(source, subject, OPTIONS));
      const again = runResult(await replayOne(source, subject, OPTIONS));
      expect({ ...again, timing: null }).toEqual({ ...once, timing: null });
    }
  }, 60_000);
});
