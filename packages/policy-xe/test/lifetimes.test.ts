import { EBUSY, ECANCELED, EINVAL, ENOENT } from "@gpuvm/core";
import type { DmaBuf } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import type { XeQueue } from "../src/exec/exec-queue.ts";
import { VM_FAULT_MODE, VM_LR_MODE, VM_NO_OVERCOMMIT, VM_SCRATCH_PAGE } from "../src/index.ts";
import { Bench, MIB, nodeOf, xe } from "./bench.ts";

function ready(flags = 0): Bench {
  const bench = new Bench();
  bench.ask({ op: "vm_create", vm: 1, flags });
  bench.ask({ op: "gem_new", bo: 1, size: 4 * MIB, vm: 1 });
  bench.ask({ op: "gem_new", bo: 2, size: 4 * MIB });
  bench.ask({ op: "queue_new", queue: 1, vm: 1 });
  return bench;
}

const MAPS = [
  { bo: 1, va: 0, length: 4 * MIB },
  { bo: 2, va: 8 * MIB, length: 4 * MIB },
];

function clean(bench: Bench): void {
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  expect(bench.references()).toEqual([]);
}

describe("a VMA", () => {
  it("holds its object beside the vm_bo, and keeps it when the handle closes", () => {
    const bench = ready();
    bench.bind(1, ...MAPS);
    const bo = bench.bo(1);
    const holders = bench.machine.dev.ledger?.holders(bo).map(({ by }) => nodeOf(by));
    expect(holders).toEqual(["handle", "vm_bo", "VA"]);
    bench.ask({ op: "gem_close", bo: 1 });
    expect(bo.refs).toBe(2);
    expect(bench.ptes(1).length).toBe(2);
    bench.bind(1, { kind: "unmap", va: 0, length: 4 * MIB });
    expect(bo.refs).toBe(0);
    clean(bench);
  });

  it("holds its object until the TLB is clean, although the vm_bo is gone", () => {
    const bench = ready();
    bench.bind(1, ...MAPS);
    const bo = bench.bo(1);
    bench.ask({ op: "gem_close", bo: 1 });
    // Stops where the call returns: its worker has not run.
    const { machine } = bench;
    const full = { boOffset: 0, flags: 0, bo: 0 };
    const request = {
      t: 0,
      f: 0,
      op: "vm_bind",
      vm: 1,
      syncs: 1,
      ops: [{ ...full, kind: "unmap", va: 0, length: 4 * MIB }],
    } as const;
    const steps = bench.replay.driver.ioctl(bench.file(), request);
    expect(steps.next().done).toBe(true);
    expect(bo.gpuva.length).toBe(0);
    expect(machine.dev.ledger?.holders(bo).map(({ by }) => nodeOf(by))).toEqual(["VA"]);
    machine.settle();
    expect(bo.refs).toBe(0);
    clean(bench);
  });

  it("without an object holds the VM", () => {
    const bench = ready();
    const { gpuvm } = bench.vm(1);
    const before = gpuvm.refs;
    bench.bind(
      1,
      { kind: "map_null", va: 64 * MIB, length: MIB },
      { kind: "map_userptr", va: 65 * MIB, length: MIB },
    );
    // In the tree, and by itself.
    expect(gpuvm.refs - before).toBe(4);
    clean(bench);
  });
});

it("a private object keeps the VM struct, not its page tables", () => {
  const bench = ready();
  bench.bind(1, ...MAPS);
  bench.ask({ op: "queue_close", queue: 1 });
  const { record, pt } = bench.vm(1);
  expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(0);
  expect(record.freed).toBe(false);
  expect(pt.entries).toBe(0);
  expect(record.teardown.unmap).toBe(2);
  bench.ask({ op: "gem_close", bo: 1 });
  expect(record.freed).toBe(true);
  expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(-ENOENT);
  clean(bench);
});

it("a VM in use goes when its work has ended, and takes no more", () => {
  const bench = ready();
  bench.bind(1, ...MAPS);
  bench.ask({ op: "exec", queue: 1, batches: 1 });
  bench.ask({ op: "vm_destroy", vm: 1 });
  expect(bench.machine.now).toBe(10_000_000);
  expect(bench.ask({ op: "exec", queue: 1, batches: 1 })).toBe(-ECANCELED);
  expect(bench.bind(1, ...MAPS)).toBe(-EINVAL);
  clean(bench);
});

it("memory stays until the work that may use it has ended, though nothing holds the object", () => {
  const bench = ready();
  bench.bind(1, ...MAPS);
  bench.ask({ op: "exec", queue: 1, batches: 1 });
  const bo = bench.bo(2);
  bench.ask({ op: "gem_close", bo: 2 });
  bench.bind(1, { kind: "unmap", va: 8 * MIB, length: 4 * MIB });
  expect(bo.refs).toBe(0);
  expect(bench.machine.memory.objects.has(bo)).toBe(true);
  bench.machine.advanceTo(20_000_000);
  expect(bench.machine.memory.objects.has(bo)).toBe(false);
  expect(bench.machine.memory.retainedPeak).toBe(4 * MIB);
  clean(bench);
});

describe("dma-bufs", () => {
  it("let external objects out, and private ones not", () => {
    const bench = ready();
    const { prime } = bench.replay.driver;
    expect(prime?.exportBo(bench.file(), 1)).toBe(null);
    const dmaBuf = prime?.exportBo(bench.file(), 2) as DmaBuf;
    bench.machine.call(prime?.importBo(bench.file(5), dmaBuf, 7) as Generator<never, number, void>);
    dmaBuf.close();
    const bo = bench.bo(7, 5);
    expect(bo).toBe(bench.bo(2));
    bench.replay.close(0);
    expect(bo.refs).toBe(1);
    clean(bench);
  });

  it("are found again, and come from elsewhere", () => {
    const bench = ready();
    expect(bench.ask({ op: "prime_export", bo: 2 })).toBe(0);
    expect(bench.ask({ op: "prime_export", bo: 2 })).toBe(0);
    expect(bench.bo(2).dmaBufs).toBe(1);
    expect(bench.ask({ op: "prime_import", bo: 8, size: MIB, fresh: true })).toBe(0);
    expect(bench.bo(8).imported).toBe(true);
    expect(bench.ask({ op: "prime_import", bo: 8, size: MIB, fresh: false })).toBe(0);
    expect(bench.shrink(64 * MIB)).toBe(8 * MIB);
    clean(bench);
  });
});

describe("eviction", () => {
  it("leaves the entries, and binds again at the next submit, behind which its job waits", () => {
    const bench = ready();
    bench.bind(1, ...MAPS);
    const written = bench.machine.counts.ptesWritten;
    expect(bench.shrink(64 * MIB)).toBe(8 * MIB);
    expect([bench.bo(1).pages, bench.bo(2).pages]).toEqual(["evicted", "evicted"]);
    expect(bench.ptes(1).length).toBe(2);
    // The private one is on the list at once, the external one with the next submit.
    expect(bench.vm(1).gpuvm.evict.list.length).toBe(1);
    expect(bench.ask({ op: "exec", queue: 1, batches: 1 })).toBe(0);
    expect([bench.bo(1).pages, bench.bo(2).pages]).toEqual(["resident", "resident"]);
    expect(bench.machine.counts.rebinds).toBe(2);
    expect(bench.machine.counts.ptesWritten - written).toBe(4);
    expect(bench.vm(1).gpuvm.evict.list.length).toBe(0);
    clean(bench);
  });

  it("waits for work only when nothing else is left to take", () => {
    const bench = ready();
    bench.bind(1, MAPS[1] as object);
    bench.ask({ op: "gem_new", bo: 3, size: MIB });
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    expect(bench.shrink(MIB)).toBe(MIB);
    expect(bench.bo(3).pages).toBe("evicted");
    expect(bench.machine.now).toBe(0);
    expect(bench.shrink(4 * MIB)).toBe(4 * MIB);
    expect(bench.machine.now).toBe(10_000_000);
    clean(bench);
  });

  it("in fault mode clears the entries", () => {
    const bench = ready(VM_LR_MODE | VM_FAULT_MODE);
    expect(bench.bind(1, ...MAPS)).toBe(0);
    expect(bench.ptes(1)).toEqual([]);
    bench.bind(1, { ...(MAPS[0] as object), flags: 2 });
    expect(bench.ptes(1).length).toBe(1);
    bench.shrink(64 * MIB);
    expect(bench.ptes(1)).toEqual([]);
    clean(bench);
  });

  it("preempts long-running work, and lets it run again when all is bound", () => {
    const bench = ready(VM_LR_MODE);
    bench.bind(1, ...MAPS);
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    const first = bench.vm(1).preempt?.queues[0]?.pfence;
    expect(
      bench
        .vm(1)
        .gpuvm.resv.pending()
        .map(({ fence }) => fence),
    ).toEqual([first]);
    expect(bench.shrink(64 * MIB)).toBe(8 * MIB);
    expect(first?.signaled).toBe(true);
    expect([bench.bo(1).pages, bench.bo(2).pages]).toEqual(["resident", "resident"]);
    const second = bench.vm(1).preempt?.queues[0]?.pfence;
    expect(second).not.toBe(first);
    expect(second?.signaled).toBe(false);
    clean(bench);
  });
});

it("refuses to destroy a VM with queues of long-running work", () => {
  const bench = ready(VM_LR_MODE);
  expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(-EBUSY);
  bench.ask({ op: "queue_close", queue: 1 });
  expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(0);
  clean(bench);
});

it("checks the flags of VM_CREATE", () => {
  const bench = new Bench();
  expect(bench.ask({ op: "vm_create", vm: 1, flags: VM_FAULT_MODE })).toBe(-EINVAL);
  expect(bench.ask({ op: "vm_create", vm: 1, flags: VM_NO_OVERCOMMIT })).toBe(-EINVAL);
  expect(bench.ask({ op: "vm_create", vm: 1, flags: 1 << 9 })).toBe(-EINVAL);
  expect(bench.ask({ op: "vm_create", vm: 1, flags: VM_LR_MODE | VM_FAULT_MODE | VM_NO_OVERCOMMIT })).toBe(0);
  clean(bench);
});

describe("purgeable objects", () => {
  it("lose their pages for good, and read scratch", () => {
    const bench = ready(VM_SCRATCH_PAGE);
    bench.bind(1, ...MAPS);
    expect(bench.ask({ op: "madvise", bo: 1, willneed: false })).toBe(0);
    expect(bench.shrink(1)).toBe(4 * MIB);
    expect(bench.bo(1).pages).toBe("purged");
    expect(bench.bo(2).pages).toBe("resident");
    expect(bench.ask({ op: "exec", queue: 1, batches: 1 })).toBe(0);
    expect(bench.bo(1).pages).toBe("purged");
    bench.machine.quiesce();
    expect(bench.vm(1).pt.ptes.at(0)?.bo).toBe(null);
    expect(bench.bo(1).ptes).toBe(0);
    // The answer is 0 all the same: what the program is told is that they are gone.
    expect(bench.ask({ op: "madvise", bo: 1, willneed: true })).toBe(0);
    expect(bench.bo(1).madv).toBe("purged");
    expect(bench.bind(1, { bo: 1, va: 32 * MIB, length: MIB })).toBe(-EINVAL);
    clean(bench);
  });

  it("stay wanted while a dma-buf is open", () => {
    const bench = ready();
    bench.bind(1, ...MAPS);
    bench.ask({ op: "prime_export", bo: 2 });
    bench.ask({ op: "madvise", bo: 2, willneed: false });
    expect(bench.bo(2).madv).toBe("willneed");
    bench.file().exports.get(2)?.close();
    expect(bench.bo(2).madv).toBe("dontneed");
    clean(bench);
  });
});

describe("a job that hangs", () => {
  const S = 1e9;
  const EXEC = { op: "exec", queue: 1, addr: 0, batches: 1 } as const;

  /** Two programs with a queue each, of which the first one's job hangs. */
  function hangs(): Bench {
    const bench = ready();
    bench.bind(1, ...MAPS);
    bench.ask({ op: "vm_create", vm: 1 }, 1);
    bench.ask({ op: "queue_new", queue: 1, vm: 1 }, 1);
    bench.replay.driver.gpu?.hang();
    bench.ask(EXEC);
    return bench;
  }
  const live = ({ machine }: Bench) => machine.counts.gpuJobs;

  it("costs its queue after 5 s, with all jobs of it; another queue's job behind it is done then", () => {
    const bench = hangs();
    bench.ask(EXEC);
    bench.ask(EXEC, 1);
    expect(live(bench)).toBe(3);
    const queueOf = (f: number) => bench.file(f).queues.get(1) as XeQueue | undefined;
    bench.machine.advanceTo(5 * S - 1);
    expect([queueOf(0)?.pending.length, queueOf(1)?.pending.length]).toEqual([2, 1]);
    bench.machine.advanceTo(5 * S);
    expect([queueOf(0)?.pending.length, queueOf(1)?.pending.length]).toEqual([0, 1]);
    bench.now = bench.machine.now;
    expect([bench.ask(EXEC), bench.ask(EXEC, 1)]).toEqual([-ECANCELED, 0]);
    bench.machine.advanceTo(5 * S + 20_000_000);
    expect(queueOf(1)?.idle).toBe(true);
    clean(bench);
  });

  it("is taken off the GPU by the end of its file, and by nothing later", () => {
    const bench = hangs();
    bench.ask(EXEC, 1);
    bench.replay.close(0, "kill");
    expect(bench.machine.now).toBe(0);
    bench.machine.quiesce();
    expect(bench.file(1).queues.get(1)).toMatchObject({ idle: true, killed: false });
    clean(bench);
  });

  it("is waited for where only its VM is destroyed", () => {
    const bench = hangs();
    expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(0);
    expect(bench.machine.now).toBe(5 * S);
    clean(bench);
  });
});

it("takes every counted edge that the policy declares", () => {
  const bench = ready(VM_LR_MODE);
  const edges = new Set<string>();
  const { ledger } = bench.machine.dev;
  if (ledger !== null) ledger.onGet = (what, by) => edges.add(`${nodeOf(by)} -> ${nodeOf(what)}`);
  bench.file(1);
  bench.ask({ op: "vm_create", vm: 2 }, 1);
  bench.ask({ op: "queue_new", queue: 2, vm: 2 }, 1);
  bench.ask({ op: "gem_new", bo: 9, size: MIB, vm: 2 }, 1);
  bench.ask({ op: "prime_export", bo: 2 });
  bench.bind(1, ...MAPS);
  bench.ask({ op: "exec", queue: 1, batches: 1 });
  bench.shrink(64 * MIB);
  bench.bind(1, { kind: "unmap", va: 0, length: 64 * MIB });
  const policy = xe.variants["mainline"]?.policy;
  const counted = policy?.edges.filter((e) => e.kind === "counted").map((e) => `${e.from} -> ${e.to}`) ?? [];
  expect(counted.filter((edge) => !edges.has(edge))).toEqual([]);
  clean(bench);
});
