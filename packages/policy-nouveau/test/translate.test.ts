import { type NeutralRequest, Replay, translator } from "@gpuvm/drm-model";
import { loadTrace, shippedTraces } from "@gpuvm/trace/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { variant } from "./script.ts";

const K4 = 4096;
const NOTHING = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };
const at = { t: 0, f: 0 };

function run(name: string, requests: readonly NeutralRequest[]): { replay: Replay; errors: string[] } {
  const replay = new Replay(variant(name), { audit: true, lockdep: true });
  const lower = variant(name).userspace.lower();
  const errors: string[] = [];
  for (const neutral of requests) {
    for (const request of lower(neutral)) {
      const ret = replay.request(request);
      if (ret !== 0) errors.push(`${request.op} ${ret}`);
    }
  }
  return { replay, errors };
}

function finish(replay: Replay): void {
  replay.finish();
  expect(replay.machine.hazards).toEqual([]);
  expect(replay.leftAtDeviceClose).toEqual(NOTHING);
  expect(replay.machine.dev.ledger?.all()).toEqual([]);
}

/** Runs of entries outside of the kernel's part. */
function entries(replay: Replay): number {
  const runs = replay.machine.vms[0]?.pt.ptes.runs() ?? [];
  return runs.filter(({ start }) => start < 2 ** 39 || start >= 2 ** 40).length;
}

function bind(
  vm: number,
  kind: "map" | "unmap" | "map_null",
  va: number,
  length: number,
  bo = 0,
  async = false,
): NeutralRequest {
  return { ...at, op: "vm_bind", vm, async, ops: [{ kind, bo, boOffset: 0, va, length, flags: 0 }] };
}

it.each([
  ["vm-bind", "nouveau-vmbind-zink-supertuxkart"],
  ["legacy", "nouveau-gl-neverball"],
])("%s: its own trace, lifted and lowered, asks the same", async (name, traceName) => {
  const { header, requests } = await loadTrace(shippedTraces().find((s) => s.name === traceName)?.path ?? "");
  const { userspace } = variant(name);
  let errors = 0;
  const native = new Replay(variant(name));
  const translated = new Replay(variant(name));
  const translate = translator(userspace.lift(header), userspace);
  for (const request of requests) {
    native.request(request);
    for (const own of translate(request)) if (translated.request(own) !== 0) errors++;
  }
  const [a, b] = [native.machine, translated.machine];
  if (name === "vm-bind") {
    expect(b.vms.map(({ key, steps, peakMappings }) => ({ key, steps, peakMappings }))).toEqual(
      a.vms.map(({ key, steps, peakMappings }) => ({ key, steps, peakMappings })),
    );
  } else {
    // The notifier was the kernel's, and is the program's now.
    expect(b.vms[0]?.steps.map).toBe((a.vms[0]?.steps.map ?? 0) + 1);
    expect(b.counts.submitObjects.sum).toBe(a.counts.submitObjects.sum);
  }
  expect(errors).toBe(0);
  native.finish();
  translated.finish();
  expect(b.hazards).toEqual([]);
  expect(translated.leftAtDeviceClose).toEqual(NOTHING);
});

const begin: NeutralRequest[] = [
  { ...at, op: "vm_create", vm: 1 },
  { ...at, op: "gem_new", bo: 1, size: 64 * K4, vm: 1 },
  { ...at, op: "gem_new", bo: 2, size: 64 * K4 },
  { ...at, op: "queue_new", queue: 1, vm: 1 },
];

describe("binds", () => {
  it("of two VMs share the one that a file has, apart; the kernel's part is moved around", () => {
    const { replay, errors } = run("vm-bind", [
      ...begin,
      { ...at, op: "vm_create", vm: 2 },
      bind(1, "map", 0x10000, K4, 1),
      bind(2, "map", 0x10000, K4, 2),
      bind(1, "map", 2 ** 39, K4, 1),
      bind(1, "map", 2 ** 48, K4, 1),
    ]);
    expect(errors).toEqual([]);
    const [record] = replay.machine.vms;
    expect(record?.mappings).toBe(4);
    expect(record?.pt.ptes.at(0x10000)?.bo?.resv).toBe(record?.vm.resv);
    const lower = variant("vm-bind").userspace.lower();
    expect(lower({ ...at, op: "vm_create", vm: 1 }).map(({ op }) => op)).toEqual(["vm_init"]);
    finish(replay);
  });

  it("of a VM that goes are unmapped", () => {
    const { replay, errors } = run("vm-bind", [
      ...begin,
      bind(1, "map", 0x10000, K4, 1),
      bind(1, "map_null", 0x20000, 4 * K4),
      { ...at, op: "vm_destroy", vm: 1 },
    ]);
    expect(errors).toEqual([]);
    expect(replay.machine.vms[0]?.mappings).toBe(0);
    expect(entries(replay)).toBe(0);
    finish(replay);
  });

  it("that nobody waits for do not go under the work before them, and the work after waits", () => {
    const { replay, errors } = run("vm-bind", [
      ...begin,
      bind(1, "map", 0x10000, K4, 1, true),
      { ...at, op: "submit", vm: 1, queue: 1, bos: null, writes: [], work: true },
      bind(1, "unmap", 0x10000, K4, 0, true),
    ]);
    expect(errors).toEqual([]);
    expect(entries(replay)).toBe(1);
    replay.machine.quiesce();
    expect(entries(replay)).toBe(0);
    finish(replay);
  });

  it("any: what is mapped afterwards is what was asked", () => {
    const op = fc.record({
      kind: fc.constantFrom("map" as const, "unmap" as const, "map_null" as const),
      page: fc.integer({ min: 0, max: 40 }),
      pages: fc.integer({ min: 1, max: 24 }),
      bo: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 24 }), (ops) => {
        // Once a page was sparse it may read as zero where it was unmapped: a region goes as a whole.
        const want: (string | null)[] = new Array(64).fill(null);
        const sparse: boolean[] = new Array(64).fill(false);
        const base = 2 ** 32 - 32 * K4;
        const requests: NeutralRequest[] = [...begin];
        for (const { kind, page, pages, bo } of ops) {
          const n = Math.min(pages, 64 - page);
          requests.push(bind(1, kind, base + page * K4, n * K4, kind === "map" ? bo : 0));
          for (let i = 0; i < n; i++) {
            want[page + i] = kind === "map" ? `@${i}` : kind === "map_null" ? "zero" : null;
            if (kind === "map_null") sparse[page + i] = true;
          }
        }
        const { replay, errors } = run("vm-bind", requests);
        expect(errors).toEqual([]);
        const pt = replay.machine.vms[0]?.pt;
        for (let page = 0; page < 64; page++) {
          const run = pt?.ptes.at(base + page * K4) ?? null;
          const va = base + page * K4;
          const got =
            run === null ? null : run.bo === null ? "zero" : `@${(run.offset + va - run.start) / K4}`;
          if (want[page] === null && sparse[page]) expect(got === null || got === "zero").toBe(true);
          else expect(got).toBe(want[page]);
        }
        finish(replay);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

describe("buffer lists", () => {
  it("of a submit without one name what is mapped, and has a handle", () => {
    const lower = variant("legacy").userspace.lower();
    const submit: NeutralRequest = {
      ...at,
      op: "submit",
      vm: 1,
      queue: 1,
      bos: null,
      writes: [],
      work: true,
    };
    const bos = (requests: readonly NeutralRequest[]) => {
      const out = requests.flatMap((request) => [...lower(request)]);
      return out.flatMap((request) => (request.op === "submit" ? [request.bos] : []));
    };
    expect(bos([...begin, bind(1, "map", 0, 4 * K4, 1), bind(1, "map", 8 * K4, K4, 2), submit])).toEqual([
      [1, 2],
    ]);
    expect(bos([bind(1, "map_null", K4, K4), submit])).toEqual([[1, 2]]);
    expect(bos([bind(1, "unmap", 0, 4 * K4), submit])).toEqual([[2]]);
    expect(bos([{ ...at, op: "gem_close", bo: 2 }, submit])).toEqual([[]]);
  });

  it("longer than the kernel takes are cut", () => {
    const requests: NeutralRequest[] = [...begin];
    for (let bo = 10; bo < 1500; bo++) {
      requests.push({ ...at, op: "gem_new", bo, size: K4 }, bind(1, "map", bo * K4, K4, bo));
    }
    requests.push({ ...at, op: "submit", vm: 1, queue: 1, bos: null, writes: [], work: true });
    const { replay, errors } = run("legacy", requests);
    expect(errors).toEqual([]);
    expect(replay.machine.counts.submitObjects.n).toBe(2);
    finish(replay);
  });
});
