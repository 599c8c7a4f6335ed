import { readFileSync } from "node:fs";
import { Replay } from "@gpuvm/drm-model";
import { expectedAnswersPath, loadTrace, shippedTraces } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { panthor } from "../src/index.ts";
import { nodeOf } from "./bench.ts";

const shipped = shippedTraces().filter((trace) => trace.driver === "panthor");
const expected = JSON.parse(readFileSync(expectedAnswersPath(), "utf8")).traces;
const cases = Object.keys(panthor.variants).flatMap((version) =>
  shipped.map((trace) => ({ ...trace, version })),
);

describe.each(cases)("$name on $version", { timeout: 60_000 }, ({ name, path, version }) => {
  const variant = panthor.variants[version] as (typeof panthor.variants)[string];

  it("answers as the kernel did, with every reference accounted for", async () => {
    const { header, requests } = await loadTrace(path);
    expect(variant.userspace.speaks(header, requests)).toBe(true);
    const replay = new Replay(variant, { audit: true, lockdep: true });
    const edges = new Set<string>();
    const ledger = replay.machine.dev.ledger;
    if (ledger !== null) ledger.onGet = (what, by) => edges.add(`${nodeOf(by)} -> ${nodeOf(what)}`);
    for (const request of requests) replay.request(request);
    replay.finish();

    const { machine } = replay;
    const answers = expected[`${name}.jsonl.gz`];
    const records = machine.vms.filter((record) => record.file >= 0);
    expect(records.map((record) => record.key)).toEqual(Object.keys(answers));
    for (const record of records) {
      const want = answers[record.key];
      expect(record.steps).toEqual(want.steps);
      expect([record.prevPieces, record.nextPieces, record.kept]).toEqual([
        want.remapPieces.prev,
        want.remapPieces.next,
        want.keep,
      ]);
      expect([record.peakMappings, record.finalMappings]).toEqual([want.peakMappings, want.finalMappings]);
      expect(record.teardown.unmap).toBe(want.finalMappings);
      expect(record.internal).toBe(0);
      expect(record.pt.entries).toBe(0);
    }
    expect(machine.counts.errors).toBe(0);
    // A flush for each operation on a VM that is in a slot, and two for its end.
    if (version === "mainline")
      expect(Object.assign({}, machine.counts.tlb)).toEqual({
        map: 420,
        unmap: 439,
        table: 0,
        submit: 0,
        close: 2,
      });
    expect(machine.hazards).toEqual([]);
    expect(replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
    expect(ledger?.all()).toEqual([]);
    const counted = variant.policy.edges
      .filter((e) => e.kind === "counted")
      .map((e) => `${e.from} -> ${e.to}`);
    const own = (edge: string) => edge.split(" -> ")[0] === edge.split(" -> ")[1];
    const transient = [...edges].filter((edge) => !edge.startsWith("call: ") && !own(edge));
    expect(transient.filter((edge) => !counted.includes(edge))).toEqual([]);
  });

  it("is counted the same without audits", async () => {
    const { requests } = await loadTrace(path);
    const [a, b] = [new Replay(variant), new Replay(variant, { audit: true })];
    for (const replay of [a, b]) {
      for (const request of requests) replay.request(request);
      replay.finish();
    }
    expect(a?.machine.counts).toEqual(b?.machine.counts);
  });

  it("survives being lifted and lowered", async () => {
    const { header, requests } = await loadTrace(path);
    const [own, translated] = [new Replay(variant), new Replay(variant)];
    const lift = variant.userspace.lift(header);
    const lower = variant.userspace.lower();
    for (const request of requests) own.request(request);
    for (const request of requests) {
      for (const neutral of lift(request)) for (const again of lower(neutral)) translated.request(again);
    }
    own.finish();
    translated.finish();
    const shape = (replay: Replay) =>
      replay.machine.vms.map(({ key, steps, peakMappings, finalMappings, teardown }) => ({
        key,
        steps,
        peakMappings,
        finalMappings,
        teardown,
      }));
    expect(shape(translated)).toEqual(shape(own));
    expect(translated.machine.counts.errors).toBe(0);
    expect(translated.machine.hazards).toEqual([]);
    expect(translated.machine.counts.submitObjects.sum).toBe(own.machine.counts.submitObjects.sum);
  });
});
