import { Replay, type Request, translator } from "@gpuvm/drm-model";
import { loadTrace, shippedTraces, type Trace } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { msm } from "../src/package.ts";
import { Mapped } from "../src/userspace/mapped.ts";
import { NOTHING } from "./support/rig.ts";

function trace(name: string): Promise<Trace> {
  const found = shippedTraces().find((shipped) => shipped.name === name);
  if (found === undefined) throw new Error(name);
  return loadTrace(found.path);
}

function variant(name: string) {
  const found = msm.variants[name];
  if (found === undefined) throw new Error(name);
  return found;
}

function run(name: string, requests: readonly Request[]): Replay {
  const replay = new Replay(variant(name));
  for (const request of requests) replay.request(request);
  replay.finish();
  return replay;
}

function translated({ header, requests }: Trace, from: string, to: string): Request[] {
  const translate = translator(variant(from).userspace.lift(header), variant(to).userspace);
  return requests.flatMap((request) => [...translate(request)]);
}

/** What must be the same if the translation there and back lost nothing. */
function essence(replay: Replay) {
  const { counts, vms, hazards } = replay.machine;
  return {
    errors: counts.errors,
    hazards,
    left: replay.leftAtDeviceClose,
    vas: counts.vasCreated,
    vmBos: counts.vmBosCreated,
    ptes: counts.ptesWritten,
    objects: counts.submitObjects.sum,
    steps: vms.map(({ steps }) => steps),
    peak: vms.map(({ peakMappings }) => peakMappings),
  };
}

describe("there and back", { timeout: 60_000 }, () => {
  it.each([
    ["msm-gl-weston-multiclient", "mainline"],
    ["msm-vmbind-zink-supertuxkart", "vm-bind"],
  ])("%s on %s", async (name, on) => {
    const loaded = await trace(name);
    const back = run(on, translated(loaded, on, on));
    const native = run(on, loaded.requests);
    expect(essence(back)).toEqual({ ...essence(native) });
  });

  it("VM_BIND programs on buffer lists, and the other way round", async () => {
    const zink = await trace("msm-vmbind-zink-supertuxkart");
    const legacy = run("before", translated(zink, "vm-bind", "before"));
    expect(essence(legacy)).toMatchObject({ errors: 0, hazards: [], left: NOTHING, vas: 389 });
    const weston = await trace("msm-gl-weston-multiclient");
    const bound = run("vm-bind", translated(weston, "mainline", "vm-bind"));
    expect(essence(bound)).toMatchObject({ errors: 0, hazards: [], left: NOTHING, vas: 90 });
  });
});

describe("who speaks what", () => {
  const header = { format: "gpu-bo-trace", version: 1, driver: "msm" } as const;
  const optIn: Request = { t: 0, f: 0, op: "enable_vm_bind" };
  const choose: Request = { t: 0, f: 0, op: "set_iova", bo: 1, iova: 2 ** 32 };
  it.each([
    ["soft", true, true, true],
    ["mainline", true, true, true],
    ["vm-bind", false, false, true],
    ["before", true, true, false],
    ["soft-pure", true, true, false],
    ["hard-naive", true, false, false],
    ["hard-retire", true, true, false],
    ["hard-unpin", true, true, false],
    ["shared", true, false, false],
    ["split", true, true, true],
  ])("%s", (name, plain, iova, bind) => {
    const { speaks } = variant(name).userspace;
    expect([speaks(header, []), speaks(header, [choose]), speaks(header, [optIn])]).toEqual([
      plain,
      iova,
      bind,
    ]);
    expect(speaks({ ...header, driver: "neutral" }, [])).toBe(false);
  });
});

describe("addresses of other drivers", () => {
  const at = (va: number, length: number) =>
    ({
      t: 0,
      f: 0,
      op: "vm_bind",
      vm: 1,
      async: true,
      ops: [{ kind: "map", bo: 1, boOffset: 0, va, length, flags: 0 }],
    }) as const;

  function lowered() {
    const lower = variant("vm-bind").userspace.lower();
    lower({ t: 0, f: 0, op: "vm_create", vm: 1 });
    return (va: number, length: number, vm = 1) =>
      lower({ ...at(va, length), vm }).flatMap((request) => (request.op === "vm_bind" ? request.ops : []));
  }

  it("stay where msm can have them, and move as a whole where not", () => {
    const bind = lowered();
    expect(bind(2 ** 40, 65536)).toMatchObject([{ va: 2 ** 40, length: 65536 }]);
    const [low] = bind(65536, 65536);
    expect(low?.va).toBeGreaterThanOrEqual(2 ** 32);
    expect(bind(65536 + 4096, 4096)[0]?.va).toBe((low?.va as number) + 4096);
    const [high] = bind(2 ** 56, 4096);
    expect(high?.va).toBeLessThan(2 ** 48);
    expect(Math.floor((high?.va as number) / 2 ** 32)).not.toBe(Math.floor((low?.va as number) / 2 ** 32));
  });

  it("a range across the start of the VM is cut, and nothing of it lost", () => {
    const pieces = lowered()(2 ** 32 - 8192, 16384);
    expect(pieces.map(({ boOffset, length }) => [boOffset, length])).toEqual([
      [0, 8192],
      [8192, 8192],
    ]);
    expect(pieces[1]?.va).toBe(2 ** 32);
  });

  it("a second address space of a file gets windows of its own, and is unmapped at its end", () => {
    const lower = variant("vm-bind").userspace.lower();
    for (const vm of [1, 2]) lower({ t: 0, f: 0, op: "vm_create", vm });
    const [first] = lower(at(2 ** 40, 4096));
    const [second] = lower({ ...at(2 ** 40, 4096), vm: 2 });
    const va = (request: Request | undefined) => (request?.op === "vm_bind" ? request.ops[0]?.va : undefined);
    expect(va(first)).toBe(2 ** 40);
    expect(va(second)).not.toBe(2 ** 40);
    const [end] = lower({ t: 0, f: 0, op: "vm_destroy", vm: 2 });
    expect(end).toMatchObject({ op: "vm_bind", ops: [{ kind: "unmap", va: va(second), length: 4096 }] });
  });
});

it("follows what is mapped through cuts", () => {
  const mapped = new Mapped();
  const op = (kind: "map" | "unmap" | "map_null", bo: number, va: number, length: number) =>
    mapped.apply({ kind, bo, boOffset: 0, va, length, flags: 0 });
  op("map", 1, 0, 100);
  op("map", 2, 40, 20);
  expect(mapped.runs.map(({ start, end, bo }) => [start, end, bo])).toEqual([
    [0, 40, 1],
    [40, 60, 2],
    [60, 100, 1],
  ]);
  op("unmap", 0, 0, 50);
  expect(mapped.bos.sort()).toEqual([1, 2]);
  op("map_null", 0, 50, 100);
  expect(mapped.bos).toEqual([]);
});
