import { EINVAL, ENOMEM } from "@gpuvm/core";
import { type BindOp, KIB4, MIB2 } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { MAP_NOEXEC, MAP_SPARSE } from "../src/index.ts";
import { Bench, MIB } from "./bench.ts";

function ready(variant = "mainline"): Bench {
  const bench = new Bench(variant);
  bench.ask({ op: "vm_create", vm: 1, vaRange: 2 ** 40 });
  bench.ask({ op: "gem_new", bo: 1, size: 8 * MIB, vm: 1 });
  bench.ask({ op: "gem_new", bo: 2, size: 8 * MIB });
  return bench;
}

const ALL = ["mainline", "6.19", "6.12"];

function clean(bench: Bench): void {
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  expect(bench.references()).toEqual([]);
}

describe("arguments of VM_BIND", () => {
  const map = { kind: "map", bo: 1, va: MIB, length: MIB } as const;
  const bad: [string, Partial<BindOp>][] = [
    ["unaligned address", { ...map, va: 100 }],
    ["unaligned length", { ...map, length: 100 }],
    ["unaligned offset", { ...map, boOffset: 100 }],
    ["no object", { ...map, bo: 0 }],
    ["an object that is not there", { ...map, bo: 9 }],
    ["past the end of the object", { ...map, boOffset: 8 * MIB }],
    ["the kernel's part", { ...map, va: 2 ** 48 - MIB }],
    ["unknown flag", { ...map, flags: 1 << 20 }],
    ["unmap with an object", { ...map, kind: "unmap" }],
    ["unmap of the kernel's part", { kind: "unmap", va: 2 ** 48 - MIB, length: MIB }],
    ["sparse with an object", { ...map, flags: MAP_SPARSE | MAP_NOEXEC }],
    ["sparse code", { ...map, bo: 0, flags: MAP_SPARSE }],
    ["sync with a range", { kind: "sync", va: MIB, length: MIB }],
    ["userptr", { ...map, kind: "map_userptr", bo: 0 }],
  ];
  it.each(bad)("refuses %s", (_what, op) => {
    const bench = ready();
    const before = bench.references();
    expect(bench.bind(1, false, op)).toBe(-EINVAL);
    expect(bench.bind(1, true, op)).toBe(-EINVAL);
    expect(bench.references()).toEqual(before);
    expect(bench.bind(1, false, map)).toBe(0);
    clean(bench);
  });

  it("refuses a private object of another VM, and a VM that is not there", () => {
    const bench = ready();
    bench.ask({ op: "vm_create", vm: 2 });
    expect(bench.bind(2, false, map)).toBe(-EINVAL);
    expect(bench.bind(2, false, { ...map, bo: 2 })).toBe(0);
    expect(bench.bind(3, false, map)).toBe(-EINVAL);
    clean(bench);
  });

  it("takes a length of 0 for nothing in a synchronous call, which takes no syncs", () => {
    const bench = ready();
    expect(bench.bind(1, false, { ...map, length: 0 })).toBe(0);
    const ops = [{ boOffset: 0, flags: 0, ...map } as BindOp];
    expect(bench.ask({ op: "vm_bind", vm: 1, async: false, syncs: 1, ops })).toBe(-EINVAL);
    clean(bench);
  });
});

describe.each(ALL)("%s", (variant) => {
  const ops: Partial<BindOp>[] = [
    { bo: 1, va: 2 * MIB, length: 2 * MIB },
    { kind: "unmap", va: 0, length: 2 * MIB },
    { bo: 2, va: 64 * MIB, length: MIB },
  ];

  it("does the same in a call and in jobs", () => {
    const [sync, async] = [ready(variant), ready(variant)];
    for (const [bench, how] of [
      [sync, false],
      [async, true],
    ] as const) {
      expect(bench.bind(1, how, { bo: 1, va: 0, length: 8 * MIB })).toBe(0);
      expect(bench.bind(1, how, ...ops)).toBe(0);
    }
    expect(async.tree(1)).toEqual(sync.tree(1));
    expect(async.ptes(1)).toEqual(sync.ptes(1));
    expect(async.vm(1).record.steps).toEqual(sync.vm(1).record.steps);
    expect(sync.tree(1)).toEqual([
      [2 * MIB, 4 * MIB, 0],
      [4 * MIB, 8 * MIB, 4 * MIB],
      [64 * MIB, 65 * MIB, 0],
    ]);
    clean(sync);
    clean(async);
  });

  it.each([false, true])("gives everything back, whichever allocation fails (async %s)", (async) => {
    let points = 0;
    for (let fail = 0; ; fail++) {
      const bench = ready(variant);
      bench.bind(1, false, { bo: 1, va: 0, length: 8 * MIB });
      const { dev } = bench.machine;
      let n = 0;
      dev.failAlloc = (what) => what !== "panthor page-table map" && n++ === fail;
      const ret = bench.bind(1, async, ...ops);
      dev.failAlloc = null;
      if (ret === 0) break;
      points++;
      expect(ret).toBe(-ENOMEM);
      expect(bench.vm(1).unusable).toBe(false);
      // Jobs are all made before the first runs; a call stops where it fails.
      if (async) expect(bench.tree(1)).toEqual([[0, 8 * MIB, 0]]);
      expect(bench.bind(1, async, ...ops)).toBe(0);
      expect(bench.tree(1).length).toBe(3);
      clean(bench);
    }
    expect(points).toBeGreaterThanOrEqual(12);
  });

  it("makes the VM unusable when a job fails", () => {
    const bench = ready(variant);
    bench.machine.dev.failAlloc = (what) => what === "panthor page-table map";
    expect(bench.bind(1, true, { bo: 1, va: 0, length: MIB })).toBe(0);
    bench.machine.dev.failAlloc = null;
    expect(bench.vm(1).unusable).toBe(true);
    expect(bench.bind(1, true, { bo: 1, va: 0, length: MIB })).toBe(-EINVAL);
    expect(bench.bind(1, false, { bo: 1, va: 0, length: MIB })).toBe(-EINVAL);
    expect(bench.bind(1, false, { kind: "unmap", va: 0, length: MIB })).toBe(0);
    clean(bench);
  });

  it("in a call does so only from 7.x on", () => {
    const bench = ready(variant);
    bench.machine.dev.failAlloc = (what) => what === "panthor page-table map";
    expect(bench.bind(1, false, { bo: 1, va: 0, length: MIB })).toBe(-ENOMEM);
    bench.machine.dev.failAlloc = null;
    expect(bench.vm(1).unusable).toBe(variant === "mainline");
    clean(bench);
  });
});

describe("a cut through a 2 MiB entry", () => {
  const cut = { kind: "unmap", va: MIB, length: MIB + 16 * KIB4 } as const;

  it.each(["mainline", "6.12"])("maps the slivers again (%s)", (variant) => {
    const bench = ready(variant);
    bench.bind(1, false, { bo: 2, va: 0, length: 4 * MIB });
    expect(bench.ptes(1)).toEqual([[0, 4 * MIB, MIB2]]);
    expect(bench.bind(1, false, cut)).toBe(0);
    expect(bench.ptes(1)).toEqual([
      [0, MIB, KIB4],
      [2 * MIB + 16 * KIB4, 4 * MIB, KIB4],
    ]);
    expect(bench.vm(1).pt.ptes.at(3 * MIB)?.offset).toBe(2 * MIB + 16 * KIB4);
    clean(bench);
  });

  it("leaves whole entries of the pieces alone", () => {
    const bench = ready();
    bench.bind(1, false, { bo: 2, va: 0, length: 8 * MIB });
    const { counts } = bench.machine;
    const maps = counts.ptMaps;
    bench.bind(1, false, { kind: "unmap", va: 2 * MIB, length: 2 * MIB });
    expect(counts.ptMaps).toBe(maps);
    clean(bench);
  });

  it("fails where nobody does that", () => {
    const bench = ready("6.19");
    bench.bind(1, false, { bo: 2, va: 0, length: 4 * MIB });
    expect(bench.bind(1, true, cut)).toBe(0);
    expect(bench.vm(1).unusable).toBe(true);
    expect(bench.machine.hazards.map((h) => h.kind)).toEqual(["kernel-warning"]);
  });

  it("makes the VM unusable if the slivers can't be mapped, before the tree is changed", () => {
    const bench = ready();
    bench.bind(1, false, { bo: 2, va: 0, length: 4 * MIB });
    bench.machine.dev.failAlloc = (what) => what === "panthor page-table map";
    expect(bench.bind(1, false, cut)).toBe(-ENOMEM);
    bench.machine.dev.failAlloc = null;
    expect(bench.vm(1).unusable).toBe(true);
    expect(bench.tree(1)).toEqual([[0, 4 * MIB, 0]]);
    clean(bench);
  });
});

describe("sparse mappings", () => {
  const sparse = { bo: 0, va: 3 * MIB, length: 16 * MIB, flags: MAP_SPARSE | MAP_NOEXEC };

  it("lead to a dummy of the file, which each VM holds", () => {
    const bench = ready();
    expect(bench.bind(1, false, sparse)).toBe(0);
    expect(bench.bind(1, false, { ...sparse, va: 64 * MIB })).toBe(0);
    const { dummy } = bench.file();
    expect(dummy?.size).toBe(2 * MIB);
    expect(dummy?.gpuva.length).toBe(1);
    // File, VM, vm_bo.
    expect(dummy?.refs).toBe(3);
    expect(bench.vm(1).gpuvm.extobj.list.length).toBe(1);
    clean(bench);
    expect(dummy?.refs).toBe(0);
  });

  it("keep the offset what the address says when they are cut", () => {
    const bench = ready();
    bench.bind(1, false, sparse);
    bench.bind(1, false, { bo: 2, va: 5 * MIB, length: 16 * KIB4 });
    expect(bench.tree(1)).toEqual([
      [3 * MIB, 5 * MIB, MIB],
      [5 * MIB, 5 * MIB + 16 * KIB4, 0],
      [5 * MIB + 16 * KIB4, 19 * MIB, MIB + 16 * KIB4],
    ]);
    clean(bench);
  });

  it.each(["6.19", "6.12"])("are not known to %s", (variant) => {
    const bench = ready(variant);
    expect(bench.bind(1, false, sparse)).toBe(-EINVAL);
    clean(bench);
  });
});
