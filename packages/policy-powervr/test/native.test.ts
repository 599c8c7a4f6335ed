import { readFileSync } from "node:fs";
import { Replay } from "@gpuvm/drm-model";
import { expectedAnswersPath, loadTrace, shippedTraces, type Trace } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { powervr } from "../src/index.ts";
import { nodeOf } from "./nodes.ts";
import { variant } from "./script.ts";

const NAME = "powervr-vk-streaming";
const EXPECTED = JSON.parse(readFileSync(expectedAnswersPath(), "utf8")).traces[`${NAME}.jsonl.gz`];

function load(): Promise<Trace> {
  return loadTrace(shippedTraces().find(({ name }) => name === NAME)?.path ?? "");
}

describe.each(Object.keys(powervr.variants))("%s replays its own trace", (name) => {
  it("answers as the kernel's split and merge code, and leaves nothing", async () => {
    const { requests } = await load();
    // Lock checks find the unlocked unmap (P3) in the old one, by design.
    const replay = new Replay(variant(name), { lockdep: name === "mainline" });
    let errors = 0;
    for (const request of requests) if (replay.request(request) !== 0) errors++;
    replay.finish();
    const { machine } = replay;
    expect(errors).toBe(0);
    for (const [key, answer] of Object.entries<Record<string, unknown>>(EXPECTED)) {
      const record = machine.vms.find((vm) => vm.key === key);
      expect(record?.steps).toEqual(answer["steps"]);
      expect(record?.peakMappings).toBe(answer["peakMappings"]);
      expect(record?.finalMappings).toBe(answer["finalMappings"]);
    }
    const leaks = machine.hazards.filter(({ kind }) => kind === "leak");
    // P4: none of the VAs was ever freed.
    expect(leaks.length).toBe(name === "mainline" ? 0 : 3);
    expect(machine.hazards.length).toBe(leaks.length);
    expect(replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  });

  it("holds what it declares, and nothing else", async () => {
    const { requests } = await load();
    const replay = new Replay(variant(name), { audit: true });
    const seen = new Set<string>();
    const ledger = replay.machine.dev.ledger;
    if (ledger === null) throw new Error("no ledger");
    ledger.onGet = (what, by) => {
      const from = nodeOf(by);
      if (from !== null) seen.add(`${from} -> ${nodeOf(what)}`);
    };
    for (const request of requests) replay.request(request);
    replay.finish();
    const declared = replay.driver.policy.edges
      .filter(({ kind }) => kind === "counted")
      .map(({ from, to }) => `${from} -> ${to}`);
    for (const edge of seen) expect(declared).toContain(edge);
    expect(ledger.all().map(({ name }) => name)).toEqual([]);
  });
});
