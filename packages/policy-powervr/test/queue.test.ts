import { EINVAL, EIO, ENOENT, ENOMEM, EPERM, ESRCH } from "@gpuvm/core";
import type { SyncOp } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import type { PvrFile } from "../src/file.ts";
import type { JobQueue } from "../src/queue/job.ts";
import { queueOf } from "../src/queue/job.ts";
import type { PvrContext } from "../src/queue/pvr-context.ts";
import type { JobArgs } from "../src/requests.ts";
import { HEAP, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const S = 1e9;
const VM: Line = { op: "vm_create", vm: 1 };
const COMPUTE: Line = { op: "queue_new", queue: 6, vm: 1, class: 1 };
const RENDER: Line = { op: "queue_new", queue: 5, vm: 1, class: 0 };
const gem = (bo: number, flags = 0): Line => ({ op: "gem_new", bo, size: K4, flags });
const compute = (more: Partial<JobArgs> = {}): JobArgs => ({ type: 2, context: 6, ...more });
const wait = (handle: number, point?: number): SyncOp => ({
  handle,
  wait: true,
  ...(point === undefined ? {} : { point }),
});
const signal = (handle: number, point?: number): SyncOp => ({ ...wait(handle, point), wait: false });
const draw = (type: number, more: Partial<JobArgs> = {}): JobArgs => ({
  type,
  context: 5,
  hwrt: { set: 1, data: 0 },
  ...more,
});

function context(script: Script, handle: number): PvrContext {
  return (script.replay.file(0) as PvrFile).contexts.get(handle) as PvrContext;
}

function queue(script: Script, handle: number, type: number): JobQueue {
  return queueOf(context(script, handle), type) as JobQueue;
}

/** A render target, and what it needs. */
function target(script: Script): void {
  script.run(VM, gem(8, 2), gem(9, 2), map(8, HEAP + 8 * K4, K4), map(9, HEAP + 9 * K4, K4));
  const pages = { initPages: 64, maxPages: 64, growPages: 0 };
  script.ask({ op: "create_free_list", id: 1, vm: 1, va: HEAP + 8 * K4, ...pages });
  script.ask({ op: "create_free_list", id: 2, vm: 1, va: HEAP + 9 * K4, ...pages });
  script.ask({ op: "create_hwrt", id: 1, local: 1, global: 2, layers: 1 });
}

function end(script: Script): void {
  script.replay.finish();
  expect(script.hazards).toEqual([]);
  expect(script.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
}

describe("locks of a submit", () => {
  it("are its contexts' and its render targets', and not those of the calls that share its fence", () => {
    const script = new Script("mainline", {});
    const { submitLocks } = script.replay.machine.counts;
    target(script);
    script.run(COMPUTE, { ...COMPUTE, queue: 7 } as Line, RENDER, gem(1), { op: "prime_export", bo: 1 });
    const last = () => submitLocks.sum;
    const locks = (...jobs: JobArgs[]) => {
      const before = last();
      expect(script.ask({ op: "submit_jobs", jobs })).toBe(0);
      return last() - before;
    };
    expect(locks(compute())).toBe(1);
    expect(locks(compute(), compute({ context: 7 }))).toBe(2);
    // Its context, its render target, and the target once before for what it waits for.
    expect(locks(draw(0))).toBe(3);
    const [bo] = [...script.replay.machine.memory.objects].filter(({ dmaBufs }) => dmaBufs > 0);
    expect(bo?.resv.busy(3)).not.toBe(null);
  });
});

describe("objects of the firmware's", () => {
  it.each([
    ["a render context", RENDER, 9],
    ["a compute context", COMPUTE, 5],
    ["a transfer context", { ...COMPUTE, class: 2 } as Line, 5],
  ])("%s", (_what, line, n) => {
    const script = new Script();
    script.run(VM);
    const { objects } = script.replay.machine.memory;
    const before = objects.size;
    script.run(line);
    expect(objects.size - before).toBe(n);
    script.run({ op: "queue_close", queue: (line as { queue: number }).queue });
    expect(objects.size).toBe(before);
    end(script);
  });

  it.each([
    [1, 3],
    [4, 7],
  ])("a render target with %i layers: %i", (layers, n) => {
    const script = new Script();
    target(script);
    const { objects } = script.replay.machine.memory;
    const before = objects.size;
    expect(script.ask({ op: "create_hwrt", id: 2, local: 1, global: 2, layers })).toBe(0);
    expect(objects.size - before).toBe(n);
    expect(script.ask({ op: "destroy_hwrt", id: 2 })).toBe(0);
    expect(objects.size).toBe(before);
    end(script);
  });
});

describe("what a context that has worked is kept by", () => {
  it("its queue's last fences, until it is destroyed", () => {
    const script = new Script();
    script.run(VM, COMPUTE);
    expect(context(script, 6).refs).toBe(1);
    script.ask({ op: "submit_jobs", jobs: [compute()] });
    script.replay.machine.quiesce();
    expect(context(script, 6).refs).toBe(2);
    script.run({ op: "queue_close", queue: 6 }, { op: "vm_destroy", vm: 1 });
    const record = script.replay.machine.vms.find(({ purpose }) => purpose === "program");
    expect(record?.freed).toBe(true);
    end(script);
  });

  it("a fence in a syncobj, signalled or not", () => {
    const script = new Script();
    script.run(VM, COMPUTE);
    const syncobj = script.syncobj(1);
    script.ask({ op: "submit_jobs", jobs: [compute({ syncOps: [signal(1)] })] });
    script.replay.machine.quiesce();
    expect(syncobj.fence?.base.signaled).toBe(true);
    script.run({ op: "queue_close", queue: 6 }, { op: "vm_destroy", vm: 1 });
    const record = script.replay.machine.vms.find(({ purpose }) => purpose === "program");
    expect(record?.freed).toBe(false);
    syncobj.replace(null);
    script.replay.machine.settle();
    expect(record?.freed).toBe(true);
    end(script);
  });

  it("a fence in the dma_resv of a render target, until that goes", () => {
    const script = new Script();
    target(script);
    script.run(RENDER);
    script.ask({ op: "submit_jobs", jobs: [draw(0)] });
    script.replay.machine.quiesce();
    const ctx = context(script, 5);
    script.run({ op: "queue_close", queue: 5 });
    expect(ctx.refs).toBe(1);
    script.ask({ op: "destroy_hwrt", id: 1 });
    expect(ctx.refs).toBe(0);
    end(script);
  });
});

describe("the end of a context with work queued", () => {
  it("waits until it was given to the firmware, without limit", () => {
    const script = new Script();
    const gate = script.gate();
    script.run(VM, COMPUTE);
    script.syncobj(1, gate);
    script.ask({ op: "submit_jobs", jobs: [compute({ syncOps: [wait(1)] })] });
    const { machine } = script.replay;
    machine.timers.add(7 * S, () => gate.base.signal());
    script.run({ op: "queue_close", queue: 6 });
    expect(machine.now).toBe(7 * S);
    end(script);
  });

  it("of a program that exits waits for 1 s each; the job keeps its context and its VM until its own waits end", () => {
    const script = new Script();
    const gate = script.gate();
    target(script);
    script.run(RENDER);
    script.syncobj(1, gate);
    script.syncobj(2);
    const pair = [draw(0, { syncOps: [wait(1), signal(2)] }), draw(1, { syncOps: [wait(2)] })];
    expect(script.ask({ op: "submit_jobs", jobs: pair })).toBe(0);
    const ctx = context(script, 5);
    const fence = queue(script, 5, 1).entity.queue[0]?.fence?.finished.get("test");
    const { machine } = script.replay;
    script.replay.close(0, "exit");
    expect(machine.now).toBe(2 * S);
    const record = machine.vms.find(({ purpose }) => purpose === "program");
    expect([ctx.refs, record?.freed, record?.mappings]).toEqual([2, false, 0]);
    gate.base.signal();
    gate.put("test");
    machine.settle();
    expect([fence?.base.error, ctx.refs, record?.freed]).toEqual([-ESRCH, 0, true]);
    fence?.put("test");
    end(script);
  });

  it("goes on with what the GPU already has", () => {
    const script = new Script();
    script.run(VM, COMPUTE);
    script.ask({ op: "submit_jobs", jobs: [compute()] });
    const fence = queue(script, 6, 2).scheduler.running[0]?.fence?.finished.get("test");
    script.replay.close(0, "kill");
    script.replay.machine.quiesce();
    expect([fence?.base.signaled, fence?.base.error]).toEqual([true, 0]);
    fence?.put("test");
    end(script);
  });
});

describe("order", () => {
  it("fragment jobs of a render target wait in the scheduler for its geometry job", () => {
    const script = new Script();
    target(script);
    script.run(RENDER);
    script.ask({ op: "submit_jobs", jobs: [draw(0)] });
    script.ask({ op: "submit_jobs", jobs: [draw(1)] });
    expect([queue(script, 5, 0).inFlight, queue(script, 5, 1).inFlight]).toEqual([1, 0]);
    expect(queue(script, 5, 1).entity.queue.length).toBe(1);
    script.replay.machine.quiesce();
    expect(queue(script, 5, 1).entity.queue.length).toBe(0);
    end(script);
  });

  it("jobs that wait for another queue's go to the firmware at once, which waits", () => {
    const script = new Script();
    script.run(VM, COMPUTE, { ...COMPUTE, queue: 7, class: 2 } as Line);
    script.syncobj(1);
    script.ask({ op: "submit_jobs", jobs: [compute({ syncOps: [signal(1)] })] });
    script.ask({ op: "submit_jobs", jobs: [{ type: 3, context: 7, syncOps: [wait(1)] }] });
    expect([queue(script, 6, 2).inFlight, queue(script, 7, 3).inFlight]).toEqual([1, 1]);
    const { machine } = script.replay;
    machine.advanceTo(10e6);
    expect([queue(script, 6, 2).inFlight, queue(script, 7, 3).inFlight]).toEqual([0, 1]);
    machine.advanceTo(20e6);
    expect(queue(script, 7, 3).inFlight).toBe(0);
    end(script);
  });

  it("a geometry job and the fragment job that waits for it go together", () => {
    const script = new Script();
    target(script);
    script.run(RENDER);
    script.syncobj(1);
    script.ask({
      op: "submit_jobs",
      jobs: [draw(0, { syncOps: [signal(1)] }), draw(1, { syncOps: [wait(1)] })],
    });
    expect([queue(script, 5, 0).inFlight, queue(script, 5, 1).inFlight]).toEqual([1, 1]);
    end(script);
  });
});

describe("what jobs keep", () => {
  it("their render target, and its free lists, destroyed or not", () => {
    const script = new Script();
    target(script);
    script.run(RENDER);
    script.ask({ op: "submit_jobs", jobs: [draw(0)] });
    const { objects } = script.replay.machine.memory;
    const before = objects.size;
    for (const op of ["destroy_hwrt", "destroy_free_list"] as const)
      expect(script.ask({ op, id: 1 })).toBe(0);
    script.run(unmap(HEAP + 8 * K4, K4), { op: "gem_close", bo: 8 });
    expect(objects.size).toBe(before);
    script.replay.machine.quiesce();
    // The dataset's three firmware objects, and of the list: its object, its pages and the program's buffer.
    expect(before - objects.size).toBe(6);
    end(script);
  });
});

describe("a point of a timeline", () => {
  const submit = (script: Script, ...jobs: JobArgs[]) => script.ask({ op: "submit_jobs", jobs });

  it("stands for the jobs up to it: of the driver's own it is enough that they were scheduled", () => {
    const script = new Script();
    script.run(VM, COMPUTE, { ...COMPUTE, queue: 7, class: 2 } as Line, { op: "syncobj_create", syncobj: 1 });
    expect(submit(script, compute({ syncOps: [signal(1, 1)] }))).toBe(0);
    const transfer = { type: 3, context: 7 };
    expect(submit(script, { ...transfer, syncOps: [wait(1, 1), signal(1, 2)] })).toBe(0);
    expect(submit(script, { ...transfer, syncOps: [wait(1, 3)] })).toBe(-EINVAL);
    const { machine } = script.replay;
    machine.settle();
    // Both are with the firmware, which has the second wait for the first.
    expect([queue(script, 6, 2).inFlight, queue(script, 7, 3).inFlight]).toEqual([1, 1]);
    script.run({ op: "syncobj_wait", syncobjs: [1], points: [2] });
    expect(machine.now).toBe(20_000_000);
    end(script);
  });

  it("with a fence of another driver is waited for fence by fence", () => {
    const script = new Script();
    script.run(VM, COMPUTE);
    const gate = script.gate();
    script.syncobj(1).add(1, gate);
    expect(submit(script, compute({ syncOps: [signal(1, 2)] }))).toBe(0);
    // Its own job of before is scheduled, but the fence behind which that point is has not signalled.
    expect(submit(script, compute({ syncOps: [wait(1, 2), signal(1, 3)] }))).toBe(0);
    script.replay.machine.quiesce();
    expect(queue(script, 6, 2).entity.queue.length).toBe(1);
    gate.base.signal();
    script.replay.machine.quiesce();
    expect(queue(script, 6, 2).entity.queue.length).toBe(0);
    gate.put("test");
    end(script);
  });

  it("needs memory of its own: without nothing is submitted", () => {
    const script = new Script();
    script.run(VM, COMPUTE, { op: "syncobj_create", syncobj: 1 });
    script.replay.machine.dev.failAlloc = (what) => what === "dma_fence_chain";
    expect(submit(script, compute(), compute({ syncOps: [signal(1, 1)] }))).toBe(-ENOMEM);
    script.replay.machine.dev.failAlloc = null;
    script.replay.machine.quiesce();
    expect(script.replay.machine.counts.gpuJobs).toBe(0);
    expect(submit(script, compute({ syncOps: [wait(1, 1)] }))).toBe(-EINVAL);
    end(script);
  });
});

describe("room in the CCCB", () => {
  it("is waited for: a job that does not fit stays queued until others are done", () => {
    const script = new Script();
    script.run(VM, COMPUTE);
    const jobs = Array.from({ length: 200 }, () => compute());
    expect(script.ask({ op: "submit_jobs", jobs })).toBe(0);
    // 32 KiB for 184 bytes each, and a padding command at the end.
    expect(queue(script, 6, 2).inFlight).toBe(177);
    script.replay.machine.quiesce();
    expect([queue(script, 6, 2).inFlight, queue(script, 6, 2).entity.queue.length]).toEqual([0, 0]);
    end(script);
  });
});

describe("a hang", () => {
  it("is looked at after 60 s, and the queue goes on with what it has", () => {
    const script = new Script("mainline", { timeouts: true, jobNs: 200e9 });
    script.run(VM, COMPUTE);
    script.ask({ op: "submit_jobs", jobs: [compute()] });
    const { machine } = script.replay;
    machine.advanceTo(70 * S);
    const { scheduler, inFlight } = queue(script, 6, 2);
    expect([scheduler.running.length, scheduler.paused, inFlight]).toEqual([1, false, 1]);
    expect(script.ask({ op: "submit_jobs", jobs: [compute()] })).toBe(0);
    machine.advanceTo(500 * S);
    expect(scheduler.running.length).toBe(0);
    end(script);
  });
});

describe("what the uAPI does not take", () => {
  const jobs = (...list: JobArgs[]) => ({ op: "submit_jobs", jobs: list }) as const;

  it.each<[string, (script: Script) => number, number]>([
    ["an unknown syncobj to wait for", (s) => s.ask(jobs(compute({ syncOps: [wait(9)] }))), -ENOENT],
    ["an unknown syncobj to signal", (s) => s.ask(jobs(compute({ syncOps: [signal(9)] }))), -EINVAL],
    ["an empty syncobj to wait for", (s) => s.ask(jobs(compute({ syncOps: [wait(3)] }))), -EINVAL],
    [
      "a render target for a compute job",
      (s) => s.ask(jobs(compute({ hwrt: { set: 1, data: 0 } }))),
      -EINVAL,
    ],
    [
      "no render target for a geometry job",
      (s) => s.ask(jobs(draw(0, { hwrt: { set: 0, data: 0 } }))),
      -EINVAL,
    ],
    [
      "a free list of pages that are not four together",
      (s) =>
        s.ask({
          op: "create_free_list",
          id: 5,
          vm: 1,
          va: HEAP + 8 * K4,
          initPages: 62,
          maxPages: 64,
          growPages: 4,
        }),
      -EINVAL,
    ],
    [
      "a free list that grows although it is full",
      (s) =>
        s.ask({
          op: "create_free_list",
          id: 5,
          vm: 1,
          va: HEAP + 8 * K4,
          initPages: 64,
          maxPages: 64,
          growPages: 4,
        }),
      -EINVAL,
    ],
    [
      "a render target with an unknown free list",
      (s) => s.ask({ op: "create_hwrt", id: 5, local: 1, global: 9, layers: 1 }),
      -EINVAL,
    ],
    ["the export of memory of the firmware's", (s) => s.run({ op: "prime_export", bo: 8 })[0] ?? 0, -EPERM],
    ["an unknown render target to destroy", (s) => s.ask({ op: "destroy_hwrt", id: 9 }), -EINVAL],
    ["an unknown free list to destroy", (s) => s.ask({ op: "destroy_free_list", id: 9 }), -EINVAL],
    [
      "work for a context at fault",
      (s) => {
        context(s, 6).faulty = true;
        return s.ask(jobs(compute()));
      },
      -EIO,
    ],
  ])("%s", (_what, ask, errno) => {
    const script = new Script();
    target(script);
    script.run(COMPUTE, RENDER);
    script.syncobj(3);
    expect(ask(script)).toBe(errno);
    end(script);
  });
});
