import { readFileSync } from "node:fs";
import { Replay } from "@gpuvm/drm-model";
import { expectedAnswersPath, loadTrace, shippedTraces } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { xe } from "../src/index.ts";
import { nodeOf } from "./bench.ts";

const shipped = shippedTraces().filter((trace) => trace.driver === "xe");
const expected = JSON.parse(readFileSync(expectedAnswersPath(), "utf8")).traces;
const variant = xe.variants["mainline"] as (typeof xe.variants)[string];

describe.each(shipped)("$name", { timeout: 60_000 }, ({ name, path }) => {
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
      expect(record.pt.entries).toBe(0);
    }
    expect(machine.counts.errors).toBe(0);
    expect(machine.hazards).toEqual([]);
    expect(replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
    expect(ledger?.all()).toEqual([]);
    const counted = variant.policy.edges
      .filter((e) => e.kind === "counted")
      .map((e) => `${e.from} -> ${e.to}`);
    const transient = [...edges].filter((edge) => !edge.startsWith("call: "));
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

describe("page tables and TLB of the recorded trace", { timeout: 60_000 }, () => {
  const figures = () => {
    const [trace] = shipped;
    if (trace === undefined) throw new Error("no trace of xe is shipped");
    const replay = new Replay(variant);
    const sum = () => {
      const { counts, vms } = replay.machine;
      const { tlb, ptesWritten, tableEntriesWritten, ptesCleared, tableBytesPeak } = counts;
      const leaf: Record<number, number> = {};
      for (const { pt } of vms)
        for (const [size, n] of pt.counts.leafWritten) leaf[size] = (leaf[size] ?? 0) + n;
      return {
        tlb: Object.assign({}, tlb),
        ptesWritten,
        tableEntriesWritten,
        ptesCleared,
        tableBytesPeak,
        leaf,
      };
    };
    return { trace, replay, sum };
  };

  it("are written, cleared and told as often as the driver does", async () => {
    const { trace, replay, sum } = figures();
    const { requests } = await loadTrace(trace.path);
    for (const request of requests) replay.request(request);
    expect(sum()).toEqual({
      // Every job's ring flushes before it: the VMs have scratch pages. Each of two GTs is told of 608 unbinds.
      tlb: { map: 0, unmap: 2 * 608, table: 0, submit: 4869, close: 0 },
      ptesWritten: 13_624,
      tableEntriesWritten: 35,
      ptesCleared: 4_789,
      tableBytesPeak: 38 * 4096,
      leaf: { 4096: 13_326, 2097152: 298 },
    });
    replay.finish();
    // And of the one VM that had something bound to its end.
    expect(sum().tlb).toEqual({ map: 0, unmap: 2 * 608, table: 0, submit: 4869, close: 2 });
  });
});
