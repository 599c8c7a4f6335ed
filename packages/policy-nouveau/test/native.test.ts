import { readFileSync } from "node:fs";
import { Replay } from "@gpuvm/drm-model";
import { expectedAnswersPath, loadTrace, shippedTraces, type Trace } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { nodeOf } from "./nodes.ts";
import { variant } from "./script.ts";

const EXPECTED = JSON.parse(readFileSync(expectedAnswersPath(), "utf8")).traces;
const NOTHING = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };

function load(name: string): Promise<Trace> {
  return loadTrace(shippedTraces().find((trace) => trace.name === name)?.path ?? "");
}

const RUNS = [
  ["vm-bind", "nouveau-vmbind-zink-supertuxkart"],
  ["vm-bind", "nouveau-gl-neverball"],
  ["legacy", "nouveau-gl-neverball"],
] as const;

describe.each(RUNS)("%s replays %s", (name, trace) => {
  it("answers every request, finds nothing wrong, leaves nothing", async () => {
    const { header, requests } = await load(trace);
    expect(variant(name).userspace.speaks(header, requests)).toBe(true);
    const replay = new Replay(variant(name), { lockdep: true });
    let errors = 0;
    for (const request of requests) if (replay.request(request) !== 0) errors++;
    expect(errors).toBe(0);
    replay.finish();
    const { machine } = replay;
    for (const [key, answer] of Object.entries<Record<string, unknown>>(
      EXPECTED[`${trace}.jsonl.gz`] ?? {},
    )) {
      if (key !== "f0/vmNone" || !requests.some(({ op }) => op === "vm_init")) continue;
      const record = machine.vms.find((vm) => vm.key === key);
      expect(record?.steps).toEqual(answer["steps"]);
      expect(record?.peakMappings).toBe(answer["peakMappings"]);
      expect(record?.finalMappings).toBe(answer["finalMappings"]);
    }
    expect(machine.hazards).toEqual([]);
    expect(replay.leftAtFileClose).toEqual(NOTHING);
    expect(replay.leftAtDeviceClose).toEqual(NOTHING);
  });

  it("holds what it declares, and nothing else", async () => {
    const { requests } = await load(trace);
    const replay = new Replay(variant(name), { audit: true });
    const { ledger } = replay.machine.dev;
    if (ledger === null) throw new Error("no ledger");
    const seen = new Set<string>();
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
    expect(ledger.all().map((counted) => counted.name)).toEqual([]);
  });
});

it("a recording with VM_BIND is none of the older interface", async () => {
  const { header, requests } = await load("nouveau-vmbind-zink-supertuxkart");
  expect(variant("legacy").userspace.speaks(header, requests)).toBe(false);
});
