import { EBUSY, ECANCELED, EINVAL } from "@gpuvm/core";
import type { Bo, DmaBuf, Work } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { MAP_NOEXEC, MAP_SPARSE, MAX_VMS } from "../src/index.ts";
import { Bench, MIB, nodeOf, panthor } from "./bench.ts";

const ALL = ["mainline", "6.19", "6.12"];

function ready(variant = "mainline"): Bench {
  const bench = new Bench(variant);
  bench.ask({ op: "vm_create", vm: 1, vaRange: 2 ** 40 });
  bench.ask({ op: "gem_new", bo: 1, size: 4 * MIB, vm: 1 });
  bench.ask({ op: "gem_new", bo: 2, size: 4 * MIB });
  return bench;
}

const MAPS = [
  { bo: 1, va: 0, length: 4 * MIB },
  { bo: 2, va: 8 * MIB, length: 4 * MIB },
];

const UNMAP = { t: 0, f: 0, op: "vm_bind", vm: 1, async: true } as const;
const RANGE = { kind: "unmap", bo: 0, boOffset: 0, va: 8 * MIB, length: 4 * MIB, flags: 0 } as const;

function clean(bench: Bench): void {
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  expect(bench.references()).toEqual([]);
}

describe.each(ALL)("%s", (variant) => {
  it("holds an object by the vm_bo alone, and lets it go after an unmap without handle", () => {
    const bench = ready(variant);
    bench.bind(1, false, ...MAPS);
    const bo = bench.bo(2);
    expect(bench.machine.dev.ledger?.holders(bo).map(({ by }) => nodeOf(by))).toEqual(["handle", "vm_bo"]);
    expect(bo.pins).toBe(variant === "mainline" ? 0 : 1);
    bench.ask({ op: "gem_close", bo: 2 });
    expect(bo.refs).toBe(1);
    bench.replay.request({ ...UNMAP, ops: [RANGE] });
    expect(bo.refs).toBe(0);
    clean(bench);
  });

  it("pins once for many mappings of one object", () => {
    const bench = ready(variant);
    bench.bind(1, false, ...MAPS, { bo: 2, va: 64 * MIB, length: MIB });
    expect(bench.bo(2).pins).toBe(variant === "mainline" ? 0 : 1);
    expect(bench.bo(2).gpuva.length).toBe(1);
    bench.bind(1, false, { kind: "unmap", va: 0, length: 128 * MIB });
    expect(bench.bo(2).pins).toBe(0);
    expect(bench.bo(2).gpuva.length).toBe(0);
    clean(bench);
  });

  it("keeps the object between the unmap's job and its cleanup", () => {
    const bench = ready(variant);
    bench.bind(1, false, ...MAPS);
    const bo = bench.bo(2);
    bench.ask({ op: "gem_close", bo: 2 });
    const steps = bench.replay.driver.ioctl(bench.file(), { ...UNMAP, ops: [RANGE] });
    expect(steps.next().done).toBe(true);
    const { machine } = bench;
    // The job only.
    const run = machine.startWork(machine.pending.shift() as Work);
    while (!run.done) run.step(machine.dev);
    expect(bench.ptes(1).length).toBe(1);
    expect(bench.tree(1).length).toBe(1);
    expect(bo.refs).toBe(1);
    const zombie = bench.vm(1).gpuvm.deferred;
    expect(zombie?.obj).toBe(variant === "6.12" ? undefined : bo);
    machine.settle();
    expect(bo.refs).toBe(0);
    expect(bench.vm(1).gpuvm.deferred).toBe(null);
    clean(bench);
  });

  it("frees a VM only after its bind jobs", () => {
    const bench = ready(variant);
    bench.bind(1, false, ...MAPS);
    const { record } = bench.vm(1);
    bench.replay.driver.ioctl(bench.file(), { ...UNMAP, ops: [RANGE] }).next();
    bench.ask({ op: "vm_destroy", vm: 1 });
    expect(record.freed).toBe(true);
    expect(record.teardown.unmap + record.steps.unmap).toBe(2);
    bench.ask({ op: "gem_close", bo: 1 });
    clean(bench);
  });

  it("takes every counted edge that the policy declares, and no other", () => {
    const bench = new Bench(variant);
    const edges = new Set<string>(["device -> VM", "device -> BO"]);
    const { ledger } = bench.machine.dev;
    if (ledger !== null) ledger.onGet = (what, by) => edges.add(`${nodeOf(by)} -> ${nodeOf(what)}`);
    bench.ask({ op: "vm_create", vm: 1, vaRange: 2 ** 40 });
    bench.ask({ op: "gem_new", bo: 1, size: 4 * MIB, vm: 1 });
    bench.ask({ op: "gem_new", bo: 2, size: 4 * MIB });
    bench.ask({ op: "prime_export", bo: 2 });
    bench.ask({ op: "cpu_map", bo: 2 });
    bench.bind(1, true, ...MAPS);
    if (variant === "mainline")
      bench.bind(1, false, { va: 64 * MIB, length: MIB, flags: MAP_SPARSE | MAP_NOEXEC });
    bench.ask({ op: "queue_new", queue: 1, vm: 1, queues: 2 });
    bench.ask({ op: "heap_create", vm: 1, chunk: 2 * MIB, init: 2, max: 4 });
    bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] });
    bench.bind(1, true, { kind: "unmap", va: 0, length: 16 * MIB });
    const policy = panthor.variants[variant]?.policy;
    const counted = policy?.edges
      .filter((e) => e.kind === "counted" && e.to !== "pages")
      .map((e) => `${e.from} -> ${e.to}`);
    clean(bench);
    const own = (edge: string) =>
      edge.startsWith("call: ") || edge.split(" -> ")[0] === edge.split(" -> ")[1];
    expect([...edges].filter((edge) => !own(edge)).sort()).toEqual([...new Set(counted)].sort());
  });
});

describe("groups and heaps", () => {
  it("map memory of the driver's own in the kernel's part, apart from the program's mappings", () => {
    const bench = ready();
    bench.ask({ op: "queue_new", queue: 1, vm: 1, queues: 1 });
    bench.ask({ op: "heap_create", vm: 1, chunk: 2 * MIB, init: 5, max: 64 });
    const { record, userEnd } = bench.vm(1);
    // Sync objects, ring buffer, statistics, heap contexts, chunks.
    expect(record.internal).toBe(9);
    expect(record.mappings).toBe(9);
    expect(record.steps.map).toBe(0);
    expect(
      bench
        .vm(1)
        .pt.ptes.runs()
        .every((run) => run.start >= userEnd),
    ).toBe(true);
    bench.ask({ op: "heap_destroy" });
    expect(record.internal).toBe(4);
    expect(bench.ask({ op: "heap_destroy" })).toBe(-EINVAL);
    expect(bench.ask({ op: "queue_close", queue: 1 })).toBe(0);
    expect(record.internal).toBe(1);
    clean(bench);
  });

  it("are given up with their file: the GPU stops before the VM is unmapped, and its work ends with an error", () => {
    const bench = ready();
    bench.bind(1, false, ...MAPS);
    bench.ask({ op: "queue_new", queue: 1, vm: 1, queues: 1 });
    bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] });
    const { record } = bench.vm(1);
    const fence = bench.file().groups.get(1)?.submitted.get(1);
    bench.replay.close(0);
    expect([fence?.signaled, fence?.error]).toEqual([true, -ECANCELED]);
    expect(record.freed).toBe(true);
    expect(bench.machine.now).toBe(0);
    clean(bench);
  });

  it("give back what they got when an allocation fails", () => {
    for (let fail = 0; ; fail++) {
      const bench = ready();
      const before = bench.references();
      let n = 0;
      bench.machine.dev.failAlloc = () => n++ === fail;
      const ret = bench.ask({ op: "queue_new", queue: 1, vm: 1, queues: 1 });
      const heap = ret === 0 ? bench.ask({ op: "heap_create", vm: 1, chunk: 2 * MIB, init: 2, max: 2 }) : 0;
      bench.machine.dev.failAlloc = null;
      if (ret !== 0) expect(bench.references()).toEqual(before);
      clean(bench);
      if (ret === 0 && heap === 0) break;
    }
  });

  it("are refused by VMs and pools that are not there", () => {
    const bench = ready();
    expect(bench.ask({ op: "queue_new", queue: 1, vm: 9 })).toBe(-EINVAL);
    expect(bench.ask({ op: "heap_create", vm: 9 })).toBe(-EINVAL);
    expect(bench.ask({ op: "heap_create", vm: 1, chunk: 4096, init: 1, max: 1 })).toBe(-EINVAL);
    expect(bench.ask({ op: "exec", queue: 1 })).toBe(-EINVAL);
    expect(bench.ask({ op: "vm_destroy", vm: 9 })).toBe(-EINVAL);
    expect(bench.ask({ op: "gem_close", bo: 9 })).toBe(-EINVAL);
    clean(bench);
  });
});

it("has room for 32 VMs in a file", () => {
  const bench = new Bench();
  for (let id = 1; id <= MAX_VMS; id++) expect(bench.ask({ op: "vm_create", vm: id })).toBe(0);
  expect(bench.ask({ op: "vm_create", vm: MAX_VMS + 1 })).toBe(-EBUSY);
  clean(bench);
});

it("leaves at least 256 MiB to the kernel, a power of two", () => {
  const bench = new Bench();
  expect(bench.ask({ op: "vm_create", vm: 1, vaRange: 2 ** 48 })).toBe(-EINVAL);
  expect(bench.ask({ op: "vm_create", vm: 2, vaRange: 2 ** 48 - 2 ** 28 })).toBe(0);
  expect(bench.vm(2).userEnd).toBe(2 ** 48 - 2 ** 28);
  clean(bench);
});

describe("eviction", () => {
  function running(): Bench {
    const bench = ready();
    bench.bind(1, false, ...MAPS);
    bench.ask({ op: "queue_new", queue: 1, vm: 1, queues: 1 });
    return bench;
  }

  it("takes pages and entries, keeps VMAs and references; the next submit brings all back", () => {
    const bench = running();
    const before = bench.references();
    const written = bench.ptes(1);
    expect(bench.shrink(8 * MIB)).toBe(8 * MIB);
    expect(bench.ptes(1)).toEqual([]);
    expect(bench.tree(1).length).toBe(2);
    expect(bench.references()).toEqual(before);
    expect(bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] })).toBe(0);
    // What comes back from swap is of small folios.
    expect(bench.ptes(1)).toEqual(written.map(([start, end]) => [start, end, 4096]));
    expect(bench.machine.counts.rebinds).toBe(2);
    expect(bench.bo(1).pages).toBe("resident");
    clean(bench);
  });

  it("begins with what nobody uses, then what programs map", () => {
    const bench = running();
    for (const bo of [5, 6]) {
      bench.ask({ op: "gem_new", bo, size: MIB });
      bench.bind(1, false, { bo, va: 64 * MIB, length: MIB });
      bench.bind(1, false, { kind: "unmap", va: 64 * MIB, length: MIB });
    }
    bench.ask({ op: "cpu_map", bo: 5 });
    expect(bench.shrink(1)).toBe(MIB);
    expect([bench.bo(5).pages, bench.bo(6).pages]).toEqual(["resident", "evicted"]);
    expect(bench.shrink(1)).toBe(MIB);
    expect(bench.bo(5).pages).toBe("evicted");
    expect(bench.bo(1).pages).toBe("resident");
    clean(bench);
  });

  it("gives up on what is in use for longer than ten jiffies", () => {
    const bench = running();
    for (let i = 0; i < 6; i++) bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] });
    const began = bench.machine.now;
    // The first object waits in vain, the second long enough; the group's own memory is pinned.
    expect(bench.shrink(8 * MIB)).toBe(4 * MIB);
    expect(bench.machine.now - began).toBe(60_000_000);
    expect(bench.ptes(1).length).toBe(1);
    clean(bench);
  });

  it("leaves a mixed state when an evicted object is mapped anew, and a cut touches no entries", () => {
    const bench = running();
    bench.shrink(8 * MIB);
    expect(bench.bind(1, false, { bo: 2, va: 64 * MIB, length: MIB })).toBe(0);
    expect(bench.bo(2).pages).toBe("resident");
    expect(bench.ptes(1).map(([start]) => start)).toEqual([64 * MIB]);
    const { ptUnmaps } = bench.machine.counts;
    expect(bench.bind(1, false, { kind: "unmap", va: 9 * MIB, length: MIB })).toBe(0);
    expect(bench.machine.counts.ptUnmaps).toBe(ptUnmaps);
    bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] });
    expect(bench.ptes(1).map(([start, end]) => [start / MIB, end / MIB])).toEqual([
      [0, 4],
      [8, 9],
      [10, 12],
      [64, 65],
    ]);
    clean(bench);
  });

  it("does not touch pinned and imported objects, nor any before 7.x", () => {
    const bench = running();
    bench.ask({ op: "prime_import", bo: 9, size: MIB, fresh: true });
    bench.bind(1, false, { bo: 9, va: 64 * MIB, length: MIB });
    bench.shrink(2 ** 40);
    expect(bench.bo(9).pages).toBe("resident");
    expect(ready("6.19").replay.driver.shrink).toBe(undefined);
    expect(ready("6.12").replay.driver.shrink).toBe(undefined);
    clean(bench);
  });

  it("reaches objects that several VMs map", () => {
    const bench = running();
    bench.ask({ op: "vm_create", vm: 2 });
    bench.bind(2, false, MAPS[1] as object);
    expect(bench.shrink(2 ** 40)).toBeGreaterThanOrEqual(8 * MIB);
    expect([...bench.ptes(1), ...bench.ptes(2)]).toEqual([]);
    clean(bench);
  });

  it("is undone only as far as memory goes", () => {
    const bench = running();
    bench.shrink(8 * MIB);
    bench.machine.dev.failAlloc = (what) => what === "panthor pages";
    expect(bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] })).toBeLessThan(0);
    bench.machine.dev.failAlloc = null;
    expect(bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] })).toBe(0);
    expect(bench.ptes(1).length).toBe(2);
    clean(bench);
  });
});

it("lets external objects out as dma-bufs, and private ones not", () => {
  const bench = ready();
  const { prime } = bench.replay.driver;
  expect(prime?.exportBo(bench.file(), 1)).toBe(null);
  expect(bench.ask({ op: "prime_export", bo: 1 })).toBe(-EINVAL);
  const dmaBuf = prime?.exportBo(bench.file(), 2) as DmaBuf;
  bench.machine.call(prime?.importBo(bench.file(5), dmaBuf, 7) as Generator<never, number, void>);
  dmaBuf.close();
  bench.replay.close(0);
  expect(bench.bo(7, 5).refs).toBe(1);
  clean(bench);
});

it("keeps objects of the firmware pinned and mapped until it gives them up", () => {
  const bench = ready();
  const { kernelBos } = bench.replay.driver;
  const bo = bench.machine.call(kernelBos?.create(MIB, "kernel") as Generator<never, Bo | null, void>);
  expect([bo?.pins, bo?.gpuva.length]).toEqual([1, 1]);
  expect(bench.shrink(2 ** 40)).toBe(0);
  bench.machine.call(kernelBos?.put(bo as Bo, "kernel") as Generator<never, void, void>);
  expect(bo?.refs).toBe(0);
  expect(bench.machine.call(kernelBos?.create(MIB, "scanout") as Generator<never, Bo | null, void>)).toBe(
    null,
  );
  clean(bench);
});

describe("defects it once had", () => {
  it("PA1: a failing unmap left the address of a freed object in the allocator", () => {
    for (const defect of [true, false]) {
      const bench = new Bench("mainline", {}, new Set(defect ? ["PA1"] : []));
      bench.ask({ op: "vm_create", vm: 1, vaRange: 2 ** 40 });
      bench.ask({ op: "heap_create", vm: 1, chunk: 2 * MIB, init: 1, max: 1 });
      const { free } = bench.vm(1).mm;
      let n = 0;
      bench.machine.dev.failAlloc = () => n++ === 0;
      bench.ask({ op: "heap_destroy" });
      bench.machine.dev.failAlloc = null;
      expect(bench.vm(1).mm.free - free).toBe(defect ? 0 : 2 * MIB);
    }
  });
});
