import { ECANCELED, EINVAL, ENOENT, ETIMEDOUT, Task } from "@gpuvm/core";
import { CountedFence, type MachineOptions, SyncObj, type SyncOp } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import type { Panthor } from "../src/device.ts";
import { MAP_NOEXEC, MAP_SPARSE } from "../src/index.ts";
import type { PanthorGroup } from "../src/sched/group.ts";
import { SubmitSyncs } from "../src/sched/sync.ts";
import { Bench, MIB } from "./bench.ts";

/** Where commands are taken to be. */
const AT = 0x1000;
const SPARSE = MAP_SPARSE | MAP_NOEXEC;

/** Two VMs, two buffers. */
function ready(options: MachineOptions = {}): Bench {
  const bench = new Bench("mainline", options);
  for (const vm of [1, 2]) bench.ask({ op: "vm_create", vm });
  for (const bo of [1, 2]) bench.ask({ op: "gem_new", bo, size: MIB });
  return bench;
}

function deviceOf(bench: Bench): Panthor {
  return (bench.replay.driver as unknown as { readonly device: Panthor }).device;
}

function group(bench: Bench, id: number, vm = 1, prio = 1): PanthorGroup {
  expect(bench.ask({ op: "queue_new", queue: id, vm, queues: 1, prio })).toBe(0);
  return bench.file().groups.get(id) as PanthorGroup;
}

/** A syncobj with a fence that is not of the driver. @returns what makes it signal */
function foreign(bench: Bench, handle: number): () => void {
  const { machine } = bench;
  const syncobj = new SyncObj(`syncobj#${handle}`);
  const base = machine.fence(machine.fenceContext(), 1);
  const fence = new CountedFence(machine.dev, base, "foreign fence", "other", () => {});
  syncobj.replace(fence);
  fence.put("other");
  bench.file().syncobjs.set(handle, syncobj);
  return () => {
    base.signal();
    machine.settle();
  };
}

function clean(bench: Bench): void {
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.references()).toEqual([]);
}

describe("an eviction", () => {
  it("of what two VMs map stops at a lock that is taken, and what it took until then stays taken", () => {
    const bench = ready({ watch: true });
    for (const vm of [1, 2]) bench.bind(vm, false, { bo: 1, va: 0, length: MIB });
    const other = new Task("other");
    bench.vm(2).opLock.acquire(other);
    expect(bench.shrink(MIB)).toBe(0);
    expect([bench.ptes(1).length, bench.ptes(2).length]).toEqual([0, 1]);
    expect(bench.bo(1).pages).toBe("resident");
    bench.vm(2).opLock.release(other);
    // The link to the first VM counts as evicted: what is left is of one VM.
    expect(bench.shrink(MIB)).toBe(MIB);
    group(bench, 1);
    expect(bench.ask({ op: "exec", queue: 1, push: [[AT, 64, 0]] })).toBe(0);
    expect([bench.ptes(1).length, bench.ptes(2).length]).toEqual([1, 0]);
    clean(bench);
  });

  it("takes in the order of mapping, whichever was made first", () => {
    const bench = ready();
    bench.bind(1, false, { bo: 2, va: 0, length: MIB });
    bench.bind(1, false, { bo: 1, va: 4 * MIB, length: MIB });
    expect(bench.shrink(1)).toBe(MIB);
    expect([bench.bo(1).pages, bench.bo(2).pages]).toEqual(["resident", "evicted"]);
    clean(bench);
  });

  it("takes the file's dummy, too: first, if that was mapped first", () => {
    const bench = ready();
    bench.bind(1, false, { va: 8 * MIB, length: 2 * MIB, flags: SPARSE });
    bench.bind(1, false, { bo: 1, va: 0, length: MIB });
    expect(bench.shrink(1)).toBe(2 * MIB);
    expect([bench.file().dummy?.pages, bench.bo(1).pages]).toEqual(["evicted", "resident"]);
    clean(bench);
  });
});

describe("what is wrong is refused", () => {
  it("by the errno of what is looked up first", () => {
    const bench = ready();
    group(bench, 1);
    const exec = (addr: number, bytes: number) =>
      bench.ask({ op: "exec", queue: 1, push: [[addr, bytes, 0]] });
    expect([exec(0, 64), exec(AT, 0), exec(AT + 8, 64), exec(AT, 63)]).toEqual([
      -EINVAL,
      -EINVAL,
      -EINVAL,
      -EINVAL,
    ]);
    expect([exec(0, 0), exec(AT, 64)]).toEqual([0, 0]);
    expect(bench.ask({ op: "gem_close", bo: 9 })).toBe(-EINVAL);
    const sync = { kind: "sync" } as const;
    expect([bench.bind(1, true, sync), bench.bind(1, false, sync)]).toEqual([-EINVAL, 0]);
    clean(bench);
  });

  it("but the pool of heaps is there before the arguments of a heap are looked at", () => {
    const bench = ready();
    expect(bench.ask({ op: "heap_destroy", vm: 1, id: 1 })).toBe(-ENOENT);
    expect(bench.ask({ op: "heap_create", vm: 1, chunk: 2 * MIB, init: 2, max: 1 })).toBe(-EINVAL);
    expect(bench.vm(1).record.internal).toBe(1);
    expect(bench.ask({ op: "heap_destroy", vm: 1, id: 1 })).toBe(-EINVAL);
    clean(bench);
  });
});

it("a sparse mapping that is cut leads to the dummy at the address modulo 2 MiB, on both sides of a boundary", () => {
  const bench = ready({ watch: true });
  expect(bench.bind(1, false, { va: 4 * MIB, length: 6 * MIB, flags: SPARSE })).toBe(0);
  expect(bench.bind(1, false, { kind: "unmap", va: 2 * MIB, length: 6 * MIB })).toBe(0);
  expect(bench.tree(1)).toEqual([[8 * MIB, 10 * MIB, 0]]);
  expect(bench.bind(1, false, { kind: "unmap", va: 9 * MIB, length: MIB })).toBe(0);
  expect(bench.tree(1)).toEqual([[8 * MIB, 9 * MIB, 0]]);
  group(bench, 1);
  expect(bench.ask({ op: "exec", queue: 1, push: [[AT, 64, 0]] })).toBe(0);
  clean(bench);
});

describe("a slot of the firmware", () => {
  it("that is free goes to an idle group of another VM, too, and that VM takes an address space", () => {
    const bench = ready();
    const [one, two] = [group(bench, 1, 1), group(bench, 2, 2)];
    expect([one.csgId, two.csgId, bench.vm(2).asId]).toEqual([-1, -1, -1]);
    bench.ask({ op: "exec", queue: 1, push: [[AT, 64, 0]] });
    expect([one.csgId, two.csgId]).toEqual([0, 1]);
    expect([bench.vm(1).asId, bench.vm(2).asId]).toEqual([1, 2]);
    clean(bench);
  });

  it("is taken by a tick, not by a submit: none for a job without commands, or behind a fence", () => {
    const bench = ready();
    const { csgId } = group(bench, 1);
    bench.ask({ op: "exec", queue: 1, push: [[0, 0, 0]] });
    expect([csgId, bench.vm(1).asId]).toEqual([-1, -1]);
    const signal = foreign(bench, 5);
    const syncOps: SyncOp[][] = [[{ handle: 5, wait: true }]];
    expect(bench.ask({ op: "exec", queue: 1, push: [[AT, 64, 0]], syncOps })).toBe(0);
    expect(bench.vm(1).asId).toBe(-1);
    signal();
    expect(bench.vm(1).asId).toBe(1);
    clean(bench);
  });
});

it("a synchronous bind does not wait behind asynchronous ones", () => {
  const bench = ready();
  const signal = foreign(bench, 5);
  const op = { kind: "map", bo: 1, boOffset: 0, va: 0, length: MIB, flags: 0 } as const;
  const syncOps: SyncOp[][] = [[{ handle: 5, wait: true }]];
  expect(bench.ask({ op: "vm_bind", vm: 1, async: true, ops: [op], syncOps })).toBe(0);
  expect(bench.bind(1, false, { bo: 2, va: 4 * MIB, length: MIB })).toBe(0);
  expect(bench.tree(1).map(([start]) => start)).toEqual([4 * MIB]);
  signal();
  expect(bench.tree(1).map(([start]) => start)).toEqual([0, 4 * MIB]);
  clean(bench);
});

it("a group that does not answer leads to a reset, in which an innocent one is given up, too", () => {
  const bench = ready({ timeouts: true });
  const device = deviceOf(bench);
  device.gpu.manual = true;
  const [one, two] = [group(bench, 1, 1), group(bench, 2, 2)];
  for (const queue of [1, 2]) bench.ask({ op: "exec", queue, push: [[AT, 64, 0]] });
  const fences = [one, two].map(({ submitted }) => submitted.get(1));
  const events: unknown[] = [];
  device.onSched = ([what]) => events.push(what);
  device.gpu.hung = true;
  // A tick asks how the groups are, and waits for the answer while the second one is closed.
  bench.machine.advanceTo(bench.machine.now + 20e6);
  bench.ask({ op: "queue_close", queue: 2 });
  bench.machine.quiesce();
  expect(events).toContain("reset done");
  expect(fences.map((fence) => fence?.error)).toEqual([-ETIMEDOUT, -ETIMEDOUT]);
  expect([one.timedout, one.innocent, one.state]).toEqual([true, true, "terminated"]);
  expect([one.csgId, bench.vm(1).asId, device.mcu?.asId]).toEqual([-1, -1, 0]);
  expect(bench.ask({ op: "exec", queue: 1, push: [[AT, 64, 0]] })).toBe(-EINVAL);
  expect(two.innocent).toBe(false);
  device.gpu.manual = false;
  clean(bench);
});

it("work of a group that is destroyed ends with an error, what was not given to the firmware included", () => {
  const bench = ready();
  const { submitted } = group(bench, 1);
  const signal = foreign(bench, 5);
  const syncOps: SyncOp[][] = [[{ handle: 5, wait: true }]];
  bench.ask({ op: "exec", queue: 1, push: [[AT, 64, 0]], syncOps });
  const fence = submitted.get(1);
  bench.ask({ op: "queue_close", queue: 1 });
  expect(fence?.signaled).toBe(false);
  signal();
  expect([fence?.signaled, fence?.error]).toEqual([true, -ECANCELED]);
  clean(bench);
});

it("a call keeps the syncobjs that it signals until it ends, whoever destroys them meanwhile", () => {
  const bench = ready();
  expect(bench.ask({ op: "syncobj_create", syncobj: 5 })).toBe(0);
  const syncobj = bench.file().syncobjs.get(5);
  const syncs = new SubmitSyncs(bench.file());
  expect(syncs.collect([{ handle: 5, wait: false }])).toBe(0);
  expect(bench.ask({ op: "syncobj_destroy", syncobj: 5 })).toBe(0);
  expect(syncobj?.refs).toBe(1);
  syncs.push();
  syncs.free();
  expect(syncobj?.refs).toBe(0);
  clean(bench);
});
