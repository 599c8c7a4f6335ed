import {
  type DmaFence,
  EBUSY,
  ECANCELED,
  EFAULT,
  EINVAL,
  EIO,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  ETIME,
} from "@gpuvm/core";
import { SyncObj, type SyncOp } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { CLASS_VM_BIND, VM_LR_MODE } from "../src/index.ts";
import { Bench, MIB } from "./bench.ts";

/** Where the program has memory that user fences are written to. */
const MEM = 0x7000_0000;
const wait = (handle: number, point?: number): SyncOp => ({ handle, wait: true, ...at(point) });
const signal = (handle: number, point?: number): SyncOp => ({ handle, wait: false, ...at(point) });
const user = (value: number, addr = MEM): SyncOp => ({
  handle: 0,
  wait: false,
  addr,
  point: value,
});
const MAP = { kind: "map", bo: 1, boOffset: 0, va: 0, length: MIB, flags: 0 } as const;
const UNMAP = { ...MAP, kind: "unmap", bo: 0 } as const;

function at(point?: number): { point?: number } {
  return point === undefined ? {} : { point };
}

class Synced extends Bench {
  /** A VM with a queue, and a buffer. */
  constructor(flags = 0) {
    super();
    this.ask({ op: "vm_create", vm: 1, flags });
    this.ask({ op: "gem_new", bo: 1, size: 4 * MIB });
    this.ask({ op: "queue_new", queue: 1, vm: 1 });
  }

  /** A syncobj, with a fence that the test signals, or as good as empty. */
  syncobj(handle: number, ...fences: DmaFence[]): SyncObj {
    const syncobj = new SyncObj(`syncobj#${handle}`);
    this.file().syncobjs.set(handle, syncobj);
    for (const fence of fences) syncobj.set(this.machine.dev, fence);
    return syncobj;
  }

  fence(): DmaFence {
    return this.machine.fence(this.machine.fenceContext(), 1);
  }

  binds(ops: readonly object[], ...syncOps: SyncOp[]): number {
    return this.ask({ op: "vm_bind", vm: 1, ops: ops as never, syncOps: [syncOps] });
  }

  execs(batches: number, ...syncOps: SyncOp[]): number {
    return this.ask({ op: "exec", queue: 1, batches, syncOps: [syncOps] });
  }

  word(addr = MEM): number | null {
    return this.file().process.memory.read(addr);
  }

  clean(): void {
    this.finish();
    expect(this.machine.hazards).toEqual([]);
    expect(this.references()).toEqual([]);
  }
}

describe("syncs of a call", () => {
  const bad: [string, SyncOp[], number][] = [
    ["one that is not there", [wait(9)], -ENOENT],
    ["one to signal that is not there", [signal(9)], -ENOENT],
    ["a point of one that is not there", [signal(9, 3)], -ENOENT],
    ["an empty one", [wait(2)], -EINVAL],
    ["a point of an empty one", [wait(2, 1)], -EINVAL],
    ["a point of what is no timeline", [wait(1, 1)], -EINVAL],
    ["a point later than all", [signal(2, 4), wait(3, 8)], -EINVAL],
    ["a user fence to wait for", [{ ...user(1), wait: true }], -EOPNOTSUPP],
    ["a user fence that is not aligned", [user(1, MEM + 4)], -EINVAL],
    ["two user fences", [user(1), user(2, MEM + 8)], -EINVAL],
    ["more than any call may have", Array.from({ length: 1025 }, () => signal(2)), -EINVAL],
  ];
  it.each(bad)("are refused with %s, and nothing is installed", (_what, syncOps, errno) => {
    const bench = new Synced();
    bench.syncobj(1, bench.fence());
    const out = bench.syncobj(2);
    bench.syncobj(3);
    bench.binds([MAP], signal(3, 7));
    const before = bench.references();
    // What could be installed comes first.
    const all = [signal(2), ...syncOps];
    expect(bench.binds([{ ...MAP, va: MIB }], ...all)).toBe(errno);
    expect(bench.execs(1, ...all)).toBe(errno);
    expect([out.peek(), out.refs]).toEqual([null, 1]);
    expect(bench.tree(1)).toEqual([[0, MIB]]);
    expect(bench.references()).toEqual(before);
    bench.clean();
  });

  it("are installed when nothing can fail any more, and not before", () => {
    const bench = new Synced();
    const out = bench.syncobj(2);
    const { dev } = bench.machine;
    dev.failAlloc = (what) => what === "xe pt update" || what === "xe sched job";
    expect(bench.binds([MAP], signal(2))).toBe(-ENOMEM);
    expect(bench.execs(1, signal(2))).toBe(-ENOMEM);
    expect([out.peek(), out.refs]).toEqual([null, 1]);
    dev.failAlloc = null;
    expect(bench.execs(1, signal(2))).toBe(0);
    expect(out.peek()?.signaled).toBe(false);
    bench.machine.quiesce();
    expect(out.peek()?.signaled).toBe(true);
    bench.clean();
  });

  it("of long-running work only wait", () => {
    const bench = new Synced(VM_LR_MODE);
    const fence = bench.fence();
    bench.syncobj(1, fence);
    bench.syncobj(2);
    expect(bench.execs(1, signal(9))).toBe(-EOPNOTSUPP);
    expect(bench.binds([MAP], signal(2, 1))).toBe(-EOPNOTSUPP);
    expect(bench.execs(1, wait(1))).toBe(0);
    bench.machine.quiesce();
    expect(bench.machine.counts.gpuJobs).toBe(0);
    fence.signal();
    expect(bench.machine.counts.gpuJobs).toBe(1);
    bench.clean();
  });

  it("may be freed in a call's place: the fence is what the call looked up", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    expect(bench.execs(1, wait(1))).toBe(0);
    bench.file().syncobjs.get(1)?.replace(null);
    expect(bench.machine.counts.gpuJobs).toBe(0);
    fence.signal();
    expect(bench.machine.counts.gpuJobs).toBe(1);
    bench.clean();
  });
});

describe("a bind", () => {
  it("does not wait in the call, and writes its entries when what it waits for has signalled", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    const out = bench.syncobj(2);
    expect(bench.binds([MAP], wait(1), signal(2, 5))).toBe(0);
    expect(bench.tree(1)).toEqual([[0, MIB]]);
    expect(bench.ptes(1)).toEqual([]);
    // A second one of the queue comes behind it.
    expect(bench.binds([{ ...MAP, va: 2 * MIB }])).toBe(0);
    bench.machine.quiesce();
    expect([bench.ptes(1).length, out.peek()?.signaled]).toEqual([0, false]);
    fence.signal();
    bench.machine.quiesce();
    expect([bench.ptes(1).length, out.peek()?.signaled]).toEqual([2, true]);
    bench.clean();
  });

  it("signals behind the invalidation of every TLB, an earlier one's of the queue too", () => {
    const bench = new Synced();
    bench.binds([MAP]);
    const out = bench.syncobj(2);
    const { machine, replay } = bench;
    const ask = (request: object) =>
      replay.driver.ioctl(bench.file(), { t: 0, f: 0, op: "vm_bind", vm: 1, ...request } as never).next();
    // No worker runs between the two.
    expect(ask({ ops: [UNMAP] }).done).toBe(true);
    expect(ask({ ops: [{ ...MAP, va: 2 * MIB }], syncOps: [[signal(2)]] }).done).toBe(true);
    expect(out.peek()?.signaled).toBe(false);
    machine.settle();
    expect(out.peek()?.signaled).toBe(true);
    bench.clean();
  });

  it("with nothing to do signals behind what its queue does, and can't wait", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    const out = bench.syncobj(2);
    bench.binds([MAP], wait(1));
    const nothing = { ...UNMAP, va: 64 * MIB };
    expect(bench.binds([nothing], wait(1), signal(2))).toBe(-EOPNOTSUPP);
    expect(bench.binds([], user(1))).toBe(-EOPNOTSUPP);
    expect(out.peek()).toBe(null);
    expect(bench.binds([], signal(2))).toBe(0);
    expect(out.peek()?.signaled).toBe(false);
    fence.signal();
    bench.machine.quiesce();
    expect(out.peek()?.signaled).toBe(true);
    bench.clean();
  });

  it("on a queue of its own waits for no other queue's", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    bench.ask({ op: "queue_new", queue: 2, vm: 1, class: CLASS_VM_BIND });
    // So that tables of either's own are there: the highest one that changes is what must not change at the same time.
    bench.binds([MAP, { ...MAP, va: 1024 * MIB }]);
    bench.binds([{ ...MAP, va: MIB }], wait(1));
    const ops = [{ ...MAP, va: 1025 * MIB }];
    expect(bench.ask({ op: "vm_bind", vm: 1, queue: 2, ops })).toBe(0);
    bench.machine.settle();
    expect(bench.ptes(1).map(([start]) => start / MIB)).toEqual([0, 1024, 1025]);
    fence.signal();
    bench.clean();
  });
});

describe("a batch", () => {
  it("waits, with those behind it on its queue, and no other queue's", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    const [first, second, third] = [bench.syncobj(2), bench.syncobj(3), bench.syncobj(4)];
    bench.ask({ op: "queue_new", queue: 2, vm: 1, class: 1 });
    expect(bench.execs(1, wait(1), signal(2))).toBe(0);
    expect(bench.execs(1, signal(3))).toBe(0);
    expect(bench.ask({ op: "exec", queue: 2, batches: 1, syncOps: [[signal(4)]] })).toBe(0);
    const done = () => [first, second, third].map((of) => of.peek()?.signaled);
    bench.machine.quiesce();
    expect(done()).toEqual([false, false, true]);
    fence.signal();
    bench.machine.quiesce();
    expect(done()).toEqual([true, true, true]);
    bench.clean();
  });

  it("that waits for an earlier one of its queue is given to the ring behind it at once", () => {
    const bench = new Synced();
    bench.syncobj(2);
    bench.execs(1, signal(2));
    bench.execs(1, wait(2));
    expect(bench.machine.counts.gpuJobs).toBe(2);
    bench.clean();
  });

  it("waits for a bind's end, and a bind for its", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    bench.syncobj(2);
    bench.syncobj(3);
    expect(bench.binds([MAP], wait(1), signal(2, 1))).toBe(0);
    expect(bench.execs(1, wait(2, 1), signal(3))).toBe(0);
    expect(bench.binds([UNMAP], wait(3), signal(2, 2))).toBe(0);
    bench.machine.quiesce();
    expect(bench.machine.counts.gpuJobs).toBe(0);
    fence.signal();
    bench.machine.settle();
    expect([bench.machine.counts.gpuJobs, bench.ptes(1).length]).toEqual([1, 1]);
    bench.machine.quiesce();
    expect(bench.ptes(1)).toEqual([]);
    bench.clean();
  });

  it("that there is none of signals with the last one's end, and can't wait", () => {
    const bench = new Synced();
    bench.syncobj(1, bench.fence());
    const out = bench.syncobj(2);
    expect(bench.execs(0, signal(2))).toBe(0);
    expect(out.peek()?.signaled).toBe(true);
    bench.execs(1);
    expect(bench.execs(0, wait(1), signal(2))).toBe(-EOPNOTSUPP);
    expect(out.peek()?.signaled).toBe(true);
    expect(bench.execs(0, signal(2))).toBe(0);
    expect(out.peek()?.signaled).toBe(false);
    bench.machine.quiesce();
    expect(out.peek()?.signaled).toBe(true);
    bench.clean();
  });

  it("of a queue that was killed is given up when its turn comes, and its VM waits for that", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    const out = bench.syncobj(2);
    bench.execs(1, wait(1), signal(2));
    bench.ask({ op: "queue_close", queue: 1 });
    bench.machine.quiesce();
    expect(out.peek()?.signaled).toBe(false);
    fence.signal();
    bench.machine.settle();
    expect([out.peek()?.error, bench.machine.counts.gpuJobs]).toEqual([-ETIME, 0]);
    bench.clean();
  });
});

describe("a user fence", () => {
  it("keeps the mapping from being cut or unmapped until it is written", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    expect(bench.binds([MAP], wait(1), user(42))).toBe(0);
    bench.machine.quiesce();
    const before = bench.references();
    expect(bench.binds([UNMAP])).toBe(-EBUSY);
    expect(bench.binds([{ ...UNMAP, va: MIB / 2, length: MIB / 4 }])).toBe(-EBUSY);
    expect(bench.binds([{ ...MAP, va: MIB / 2 }])).toBe(-EBUSY);
    expect(bench.tree(1)).toEqual([[0, MIB]]);
    expect(bench.references()).toEqual(before);
    expect(bench.word()).toBe(0);
    fence.signal();
    bench.machine.quiesce();
    expect(bench.word()).toBe(42);
    expect(bench.binds([{ ...UNMAP, length: MIB / 2 }])).toBe(0);
    expect(bench.binds([UNMAP])).toBe(0);
    bench.clean();
  });

  it("of a cut stands for what is left on both sides, and not for other mappings", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    bench.binds([MAP, { ...MAP, va: 2 * MIB }]);
    expect(bench.binds([{ ...UNMAP, va: MIB / 4, length: MIB / 2 }], wait(1), user(1))).toBe(0);
    expect(bench.binds([{ ...UNMAP, length: MIB / 4 }])).toBe(-EBUSY);
    expect(bench.binds([{ ...UNMAP, va: (3 * MIB) / 4, length: MIB / 4 }])).toBe(-EBUSY);
    expect(bench.binds([{ ...UNMAP, va: 2 * MIB }])).toBe(0);
    fence.signal();
    bench.clean();
  });

  it("is written behind those of earlier binds of the queue", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    expect(bench.binds([MAP], wait(1), user(1))).toBe(0);
    // Without table work of its own it could be done at once.
    const nothing = { kind: "prefetch", bo: 0, boOffset: 0, va: 0, length: MIB, flags: 0 };
    expect(bench.binds([nothing], user(2, MEM + 8))).toBe(0);
    bench.machine.quiesce();
    expect([bench.word(), bench.word(MEM + 8)]).toEqual([0, 0]);
    fence.signal();
    bench.machine.quiesce();
    expect([bench.word(), bench.word(MEM + 8)]).toEqual([1, 2]);
    bench.clean();
  });

  it("needs memory of the program's", () => {
    const bench = new Synced();
    const { memory } = bench.file().process;
    bench.machine.call(memory.invalidate(bench.machine, MEM, MEM + 4096, "unmap"));
    expect(bench.binds([MAP], user(1))).toBe(-EFAULT);
    expect(bench.tree(1)).toEqual([]);
    memory.map(MEM, MEM + 4096);
    expect(bench.binds([MAP], user(1))).toBe(0);
    expect(bench.word()).toBe(1);
    bench.clean();
  });

  it("of a batch is written by the GPU, where its VM leads", () => {
    const bench = new Synced();
    bench.binds([{ ...MAP, kind: "map_userptr", bo: 0, boOffset: MEM, va: 8 * MIB, length: 4096 }]);
    expect(bench.execs(1, user(7, 8 * MIB + 64))).toBe(0);
    expect(bench.word(MEM + 64)).toBe(0);
    bench.machine.quiesce();
    expect(bench.word(MEM + 64)).toBe(7);
    bench.clean();
  });

  it("that a VM is closed with goes, and is written", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    bench.binds([MAP], wait(1), user(3));
    bench.machine.timers.add(bench.machine.now + 1, () => fence.signal());
    expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(0);
    bench.machine.quiesce();
    expect(bench.word()).toBe(3);
    bench.clean();
  });
});

describe("a wait for a user fence", () => {
  const waits = (bench: Synced, more: object) =>
    bench.ask({ op: "wait_fence", fence: 5, addr: MEM, ...more } as never);

  it("ends with the value, with the time, or with the queue", () => {
    const bench = new Synced();
    const fence = bench.fence();
    bench.syncobj(1, fence);
    bench.binds([MAP], wait(1), user(5));
    expect(waits(bench, { timeout: 0 })).toBe(-ETIME);
    expect(waits(bench, { timeout: 1000, queue: 1 })).toBe(-ETIME);
    expect(bench.machine.now).toBe(1000);
    bench.machine.timers.add(2000, () => fence.signal());
    expect(waits(bench, {})).toBe(0);
    expect(bench.machine.now).toBe(2000);
    bench.clean();
  });

  it("for a queue that takes no more work is in vain", () => {
    const bench = new Synced();
    bench.binds([MAP]);
    bench.replay.driver.gpu?.hang();
    bench.execs(1);
    expect(waits(bench, { queue: 1 })).toBe(-EIO);
    expect(bench.execs(1)).toBe(-ECANCELED);
    bench.clean();
  });

  it("looks at its arguments", () => {
    const bench = new Synced();
    expect(waits(bench, { addr: MEM + 4 })).toBe(-EINVAL);
    expect(waits(bench, { queue: 9 })).toBe(-ENOENT);
    const { memory } = bench.file().process;
    bench.machine.call(memory.invalidate(bench.machine, MEM, MEM + 4096, "unmap"));
    expect(waits(bench, {})).toBe(-EFAULT);
    bench.clean();
  });
});
