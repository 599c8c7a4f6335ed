import { EBUSY, EINVAL, ENOENT, ENOMEM } from "@gpuvm/core";
import { type BindOp, KIB4, KIB64, MIB2 } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { BIND_NULL, CLASS_VM_BIND } from "../src/index.ts";
import { Bench, MIB } from "./bench.ts";

function ready(): Bench {
  const bench = new Bench();
  bench.ask({ op: "vm_create", vm: 1 });
  bench.ask({ op: "gem_new", bo: 1, size: 8 * MIB, vm: 1 });
  bench.ask({ op: "gem_new", bo: 2, size: 8 * MIB });
  return bench;
}

describe("arguments of VM_BIND", () => {
  const map = { kind: "map", bo: 1, va: MIB, length: MIB } as const;
  const bad: [string, Partial<BindOp>, number][] = [
    ["unaligned address", { ...map, va: 100 }, -EINVAL],
    ["unaligned length", { ...map, length: 100 }, -EINVAL],
    ["unaligned offset", { ...map, boOffset: 100 }, -EINVAL],
    ["no length", { ...map, length: 0 }, -EINVAL],
    ["no object", { ...map, bo: 0 }, -EINVAL],
    ["an object that is not there", { ...map, bo: 9 }, -ENOENT],
    ["past the end of the object", { ...map, boOffset: 8 * MIB }, -EINVAL],
    ["past the end of the address space", { ...map, va: 2 ** 48 }, -EINVAL],
    ["null with an object", { ...map, flags: BIND_NULL }, -EINVAL],
    ["unknown flag", { ...map, flags: 1 << 20 }, -EINVAL],
    ["unmap with an object", { ...map, kind: "unmap" }, -EINVAL],
    ["unmap_all without object", { kind: "unmap_all" }, -EINVAL],
    ["unmap_all with a range", { ...map, kind: "unmap_all" }, -EINVAL],
    ["null unmap", { kind: "unmap", va: 0, length: MIB, flags: BIND_NULL }, -EINVAL],
  ];
  it.each(bad)("refuses %s", (_what, op, errno) => {
    const bench = ready();
    const before = bench.references();
    expect(bench.bind(1, op)).toBe(errno);
    expect(bench.references()).toEqual(before);
    expect(bench.bind(1, map)).toBe(0);
  });

  it("refuses a VM that is not there, and a queue that is not for binds or not of the VM", () => {
    const bench = ready();
    expect(bench.bind(7, map)).toBe(-EINVAL);
    bench.ask({ op: "vm_create", vm: 2 });
    bench.ask({ op: "queue_new", queue: 1, vm: 1, class: 0 });
    bench.ask({ op: "queue_new", queue: 2, vm: 2, class: CLASS_VM_BIND });
    bench.ask({ op: "queue_new", queue: 3, vm: 1, class: CLASS_VM_BIND });
    const ops = [{ boOffset: 0, flags: 0, ...map } as BindOp];
    expect(bench.ask({ op: "vm_bind", vm: 1, queue: 1, ops })).toBe(-EINVAL);
    expect(bench.ask({ op: "vm_bind", vm: 1, queue: 2, ops })).toBe(-EINVAL);
    expect(bench.ask({ op: "vm_bind", vm: 1, queue: 4, ops })).toBe(-ENOENT);
    expect(bench.ask({ op: "vm_bind", vm: 1, queue: 3, ops })).toBe(0);
  });

  it("refuses a private object of another VM", () => {
    const bench = ready();
    bench.ask({ op: "vm_create", vm: 2 });
    expect(bench.bind(2, map)).toBe(-EINVAL);
    expect(bench.bind(2, { ...map, bo: 2 })).toBe(0);
  });
});

describe("an array of binds", () => {
  const ops: Partial<BindOp>[] = [
    { bo: 1, va: 2 * MIB, length: MIB },
    { kind: "unmap", va: 0, length: MIB },
    { bo: 2, va: 5 * MIB + KIB4, length: MIB },
    { kind: "map_null", va: 64 * MIB, length: MIB },
    { kind: "map_userptr", va: 66 * MIB, length: MIB },
  ];

  function mapped(): Bench {
    const bench = ready();
    bench.bind(1, { bo: 1, va: 0, length: 8 * MIB });
    return bench;
  }

  const look = (bench: Bench) => ({
    tree: bench.tree(1),
    ptes: bench.ptes(1),
    steps: { ...bench.vm(1).record.steps },
    bytes: bench.vm(1).record.bytesMapped,
    references: bench.references().map((line) => line.replace(/#\d+/g, "#")),
    rows: bench.vm(1).gpuvm.vas.live,
  });

  it("happens", () => {
    const bench = mapped();
    expect(bench.bind(1, ...ops)).toBe(0);
    expect(bench.tree(1)).toEqual([
      [MIB, 2 * MIB],
      [2 * MIB, 3 * MIB],
      [3 * MIB, 5 * MIB + KIB4],
      [5 * MIB + KIB4, 6 * MIB + KIB4],
      [6 * MIB + KIB4, 8 * MIB],
      [64 * MIB, 65 * MIB],
      [66 * MIB, 67 * MIB],
    ]);
    bench.finish();
    expect(bench.machine.hazards).toEqual([]);
  });

  it("happens whole or not at all, whichever allocation fails", () => {
    let points = 0;
    for (let fail = 0; ; fail++) {
      const bench = mapped();
      const before = look(bench);
      let n = 0;
      const { dev } = bench.machine;
      dev.failAlloc = () => n++ === fail;
      const ret = bench.bind(1, ...ops);
      dev.failAlloc = null;
      if (ret === 0) {
        expect(n).toBeLessThanOrEqual(fail);
        break;
      }
      points++;
      expect(ret).toBe(-ENOMEM);
      expect(look(bench)).toEqual(before);
      expect(bench.bind(1, ...ops)).toBe(0);
      bench.finish();
      expect(bench.machine.hazards).toEqual([]);
      expect(bench.replay.leftAtDeviceClose?.bos).toBe(0);
    }
    // At least: 8 VMAs, 2 vm_bos, the operations, the notifier, the tables.
    expect(points).toBeGreaterThan(12);
  });

  it("is taken back when a later one can't be", () => {
    const bench = mapped();
    // What nobody wants the contents of can't be prefetched.
    const given = { bo: 2, va: 512 * MIB, length: MIB };
    bench.bind(1, given);
    bench.ask({ op: "madvise", bo: 2, willneed: false });
    const { counts } = bench.machine;
    const tables = counts.tableBytesNow;
    const tree = bench.tree(1);
    expect(bench.bind(1, ...ops, { kind: "prefetch", va: 512 * MIB, length: MIB })).toBe(-EBUSY);
    expect([bench.tree(1), counts.tableBytesNow]).toEqual([tree, tables]);
  });

  it("may undo within itself what it did", () => {
    const bench = ready();
    const map = { bo: 1, va: 0, length: 4 * MIB };
    expect(
      bench.bind(1, map, { kind: "unmap", va: MIB, length: MIB }, { kind: "unmap", va: 0, length: 4 * MIB }),
    ).toBe(0);
    expect(bench.tree(1)).toEqual([]);
    expect(bench.ptes(1)).toEqual([]);
    expect(bench.bo(1).gpuva.length).toBe(0);
  });
});

describe("remap", () => {
  it("leaves the entries of a side whose cut is where a greatest entry ends", () => {
    const bench = ready();
    bench.bind(1, { bo: 1, va: 0, length: 8 * MIB });
    const { counts } = bench.machine;
    const [cleared, unmaps] = [counts.ptesCleared, counts.ptUnmaps];
    bench.bind(1, { kind: "unmap", va: 2 * MIB, length: 2 * MIB });
    expect(counts.ptesCleared - cleared).toBe(1);
    expect(counts.ptUnmaps - unmaps).toBe(1);
    expect(bench.ptes(1)).toEqual([
      [0, 2 * MIB, MIB2],
      [4 * MIB, 8 * MIB, MIB2],
    ]);
  });

  it("writes a side again if the cut is within one", () => {
    const bench = ready();
    bench.bind(1, { bo: 1, va: 0, length: 8 * MIB });
    bench.bind(1, { kind: "unmap", va: 2 * MIB + KIB64, length: 2 * MIB - KIB64 });
    expect(bench.ptes(1)).toEqual([
      [0, 2 * MIB, MIB2],
      // 64 KiB is a hint on sixteen entries.
      [2 * MIB, 2 * MIB + KIB64, KIB4],
      [4 * MIB, 8 * MIB, MIB2],
    ]);
    // The greatest entry of the piece is 2 MiB, and the next cut is where it ends.
    const { ptMaps } = bench.machine.counts;
    bench.bind(1, { kind: "unmap", va: 2 * MIB, length: KIB64 });
    expect(bench.machine.counts.ptMaps).toBe(ptMaps);
    expect(bench.tree(1)).toEqual([
      [0, 2 * MIB],
      [4 * MIB, 8 * MIB],
    ]);
  });

  it("binds a side again behind all work, and all work behind it", () => {
    const bench = ready();
    bench.bind(1, { bo: 1, va: 0, length: 8 * MIB });
    bench.ask({ op: "queue_new", queue: 1, vm: 1 });
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    bench.bind(1, { kind: "unmap", va: KIB64, length: KIB64 });
    // Nothing is written while the job runs.
    expect(bench.ptes(1)).toEqual([[0, 8 * MIB, MIB2]]);
    const usages = bench
      .vm(1)
      .gpuvm.resv.pending()
      .map(({ usage }) => usage);
    // One invalidation for each GT, and the work.
    expect(usages.sort()).toEqual([0, 0, 3]);
    bench.machine.quiesce();
    expect(bench.ptes(1)[0]).toEqual([0, KIB64, KIB4]);
    bench.finish();
    expect(bench.machine.hazards).toEqual([]);
  });
});

it("UNMAP_ALL takes every mapping of an object, and needs none", () => {
  const bench = ready();
  bench.bind(
    1,
    { bo: 2, va: 0, length: MIB },
    { bo: 2, va: 4 * MIB, length: MIB },
    { bo: 1, va: 2 * MIB, length: MIB },
  );
  expect(bench.bind(1, { kind: "unmap_all", bo: 2 })).toBe(0);
  expect(bench.tree(1)).toEqual([[2 * MIB, 3 * MIB]]);
  expect(bench.bo(2).gpuva.length).toBe(0);
  expect(bench.bind(1, { kind: "unmap_all", bo: 2 })).toBe(0);
  // A link is made to look for mappings, and goes again.
  expect(bench.machine.counts.vmBosCreated).toBe(3);
  expect(bench.bo(2).gpuva.length).toBe(0);
});

it("refuses to map what nobody wants the contents of", () => {
  const bench = ready();
  bench.bind(1, { bo: 1, va: 0, length: MIB });
  bench.ask({ op: "madvise", bo: 1, willneed: false });
  expect(bench.bind(1, { bo: 1, va: 4 * MIB, length: MIB })).toBe(-EBUSY);
  // A split inherits.
  expect(bench.bind(1, { kind: "unmap", va: 4096, length: 4096 })).toBe(0);
  expect(bench.bo(1).madv).toBe("dontneed");
});
