import { type NeutralRequest, Replay, type Request, translator } from "@gpuvm/drm-model";
import { loadTrace, shippedTraces } from "@gpuvm/trace/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { variant } from "./script.ts";

const K4 = 4096;
const NOTHING = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };
const at = { t: 0, f: 0 };

/** Runs what a program of any driver wants; answers errors. */
function run(requests: readonly NeutralRequest[]): { replay: Replay; errors: string[] } {
  const replay = new Replay(variant("mainline"), { audit: true, lockdep: true });
  const lower = variant("mainline").userspace.lower();
  const errors: string[] = [];
  for (const neutral of requests) {
    for (const request of lower(neutral)) {
      const ret = replay.request(request);
      if (ret !== 0) errors.push(`${request.op} ${ret}`);
    }
  }
  return { replay, errors };
}

function bind(
  vm: number,
  kind: "map" | "unmap" | "map_null",
  va: number,
  length: number,
  bo = 0,
  boOffset = 0,
): NeutralRequest {
  return { ...at, op: "vm_bind", vm, async: false, ops: [{ kind, bo, boOffset, va, length, flags: 0 }] };
}

it("its own trace, lifted and lowered, asks the same of the core", async () => {
  const trace = shippedTraces().find(({ driver }) => driver === "powervr");
  const { header, requests } = await loadTrace(trace?.path ?? "");
  const { userspace } = variant("mainline");
  let errors = 0;
  const native = new Replay(variant("mainline"));
  const translated = new Replay(variant("mainline"));
  const translate = translator(userspace.lift(header), userspace);
  for (const request of requests) {
    native.request(request);
    for (const own of translate(request)) if (translated.request(own) !== 0) errors++;
  }
  const answers = ({ machine }: Replay) =>
    machine.vms
      .filter(({ purpose }) => purpose === "program")
      .map(({ key, steps, peakMappings, pt }) => ({ key, steps, peakMappings, tables: pt.tablesPeak }));
  expect(answers(translated)).toEqual(answers(native));
  expect(errors).toBe(0);
  native.finish();
  translated.finish();
  expect(translated.machine.hazards).toEqual([]);
  expect(translated.leftAtDeviceClose).toEqual(NOTHING);
});

describe("what other drivers have and this one has not", () => {
  const begin: NeutralRequest[] = [
    { ...at, op: "vm_create", vm: 1 },
    { ...at, op: "gem_new", bo: 1, size: 64 * K4, vm: 1 },
    { ...at, op: "queue_new", queue: 1, vm: 1 },
  ];

  it("addresses outside of its heaps move, each to one place", () => {
    const { replay, errors } = run([
      ...begin,
      bind(1, "map", 0x1000, K4, 1),
      bind(1, "map", 2 ** 47, K4, 1),
      bind(1, "map", 0x80_0000_0000, K4, 1),
      bind(1, "map", 2 ** 32 - K4, 2 * K4, 1),
      bind(1, "unmap", 2 ** 32 - K4, 2 * K4),
      bind(1, "unmap", 2 ** 47, K4),
    ]);
    expect(errors).toEqual([]);
    const record = replay.machine.vms.find(({ purpose }) => purpose === "program");
    expect(record?.mappings).toBe(2);
    expect(record?.pt.ptes.at(0x80_0000_0000)).not.toBe(null);
    replay.finish();
    expect(replay.machine.hazards).toEqual([]);
    expect(replay.leftAtDeviceClose).toEqual(NOTHING);
  });

  it("null pages are a buffer, unmaps of parts map the rest again", () => {
    const { replay, errors } = run([
      ...begin,
      bind(1, "map_null", 2 ** 32, 2 ** 23),
      bind(1, "map", 2 ** 32 + 2 ** 16, 16 * K4, 1),
      bind(1, "map_null", 2 ** 32 + 2 ** 16, 4 * K4),
      bind(1, "unmap", 2 ** 32 + 2 ** 16 + 6 * K4, 4 * K4),
      { ...at, op: "submit", vm: 1, queue: 1, bos: null, writes: [], work: true },
      bind(1, "unmap", 2 ** 32, 2 ** 23),
      { ...at, op: "gem_close", bo: 1 },
      { ...at, op: "vm_destroy", vm: 1 },
    ]);
    expect(errors).toEqual([]);
    const record = replay.machine.vms.find(({ purpose }) => purpose === "program");
    expect(record?.finalMappings ?? record?.mappings).toBe(0);
    replay.finish();
    expect(replay.machine.hazards).toEqual([]);
    expect(replay.leftAtDeviceClose).toEqual(NOTHING);
  });

  it("any binds: what is mapped afterwards is what was asked", () => {
    const op = fc.record({
      kind: fc.constantFrom("map" as const, "unmap" as const, "map_null" as const),
      page: fc.integer({ min: 0, max: 40 }),
      pages: fc.integer({ min: 1, max: 24 }),
      bo: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 24 }), (ops) => {
        const want: (string | null)[] = new Array(64).fill(null);
        const base = 2 ** 30 - 32 * K4;
        const requests: NeutralRequest[] = [...begin, { ...at, op: "gem_new", bo: 2, size: 64 * K4 }];
        for (const { kind, page, pages, bo } of ops) {
          const n = Math.min(pages, 64 - page);
          requests.push(bind(1, kind, base + page * K4, n * K4, kind === "map" ? bo : 0));
          for (let i = 0; i < n; i++) {
            want[page + i] = kind === "map" ? `${i}` : kind === "map_null" ? "zero" : null;
          }
        }
        const { replay, errors } = run(requests);
        expect(errors).toEqual([]);
        const pt = replay.machine.vms.find(({ purpose }) => purpose === "program")?.pt;
        // Pages of buffers by where they lead; offsets of null pages are the stand-in's own.
        const pages: string[] = [];
        for (const run of pt?.ptes.runs() ?? []) {
          const size = (run.bo?.size ?? 0) / K4;
          for (let va = run.start; va < run.end; va += K4) {
            pages.push(size === 512 ? "zero" : `${(run.offset + va - run.start) / K4}`);
          }
        }
        expect(pages.sort()).toEqual(want.filter((page) => page !== null).sort());
        replay.finish();
        expect(replay.machine.hazards).toEqual([]);
        expect(replay.leftAtDeviceClose).toEqual(NOTHING);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

it("waits and caches ask nothing of the kernel", () => {
  const lower = variant("mainline").userspace.lower();
  const nothing: readonly Request[] = [];
  expect(lower({ ...at, op: "madvise", bo: 1, willneed: false })).toEqual(nothing);
  expect(lower({ ...at, op: "wait_fence", queue: 1, fence: 1 })).toEqual(nothing);
  expect(lower({ ...at, op: "cpu_prep", bo: 1 })).toEqual(nothing);
});
