import { ECANCELED, EINVAL, ENODEV, ETIMEDOUT } from "@gpuvm/core";
import type { Driver, MachineOptions } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import type { Panthor } from "../src/device.ts";
import type { PanthorGpu } from "../src/index.ts";
import type { PanthorGroup } from "../src/sched/group.ts";
import { Bench, MIB } from "./bench.ts";

const AT = 0x1000;

/** A group with two queues, and a job on the first. */
function working(options: MachineOptions = {}) {
  const bench = new Bench("mainline", { timeouts: true, watch: true, ...options });
  bench.ask({ op: "vm_create", vm: 1 });
  bench.ask({ op: "gem_new", bo: 1, size: MIB });
  bench.bind(1, false, { bo: 1, va: 0, length: MIB });
  const { driver } = bench.replay;
  const { device, gpu } = driver as Driver & { readonly device: Panthor; readonly gpu: PanthorGpu };
  const group = (id: number) => {
    expect(bench.ask({ op: "queue_new", queue: id, vm: 1, queues: 2 })).toBe(0);
    return bench.file().groups.get(id) as PanthorGroup;
  };
  const exec = (queue: number, ...indices: number[]) =>
    bench.ask({ op: "exec", queue, push: indices.map((i) => [AT, 64, i]) });
  const settle = (ns = 0) => bench.machine.advanceTo(bench.machine.now + ns);
  return { bench, device, gpu, group, exec, settle };
}

function clean(bench: Bench): void {
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.references()).toEqual([]);
}

describe("a group is given up", () => {
  it("when a job takes too long: what it has in its ring buffers ends with -ETIMEDOUT after 5 s", () => {
    const { bench, gpu, group, exec, settle } = working();
    const { submitted } = group(1);
    gpu.hang();
    exec(1, 0, 0);
    const fences = [1, 2].map((n) => submitted.get(n));
    settle(4.9e9);
    expect(fences.map((fence) => fence?.signaled)).toEqual([false, false]);
    expect(bench.machine.inUse.size).toBeGreaterThan(0);
    settle(0.2e9);
    expect(fences.map((fence) => fence?.error)).toEqual([-ETIMEDOUT, -ETIMEDOUT]);
    expect(bench.machine.inUse.size).toBe(0);
    expect(gpu.stateOf(bench.file(), 1)).toEqual({ timedOut: true, fatal: false, innocent: false });
    expect(exec(1, 0)).toBe(-EINVAL);
    clean(bench);
  });

  it("when a queue is broken: its jobs end with -EINVAL, those of the others are cancelled", () => {
    const { bench, gpu, group, exec } = working();
    const { submitted } = group(1);
    exec(1, 0, 1);
    const fences = [1, 2].map((n) => submitted.get(n));
    gpu.fatal();
    bench.machine.settle();
    expect(fences.map((fence) => fence?.error)).toEqual([-EINVAL, -ECANCELED]);
    expect(exec(1, 1)).toBe(-EINVAL);
    clean(bench);
  });

  it("when the MMU faults, with every queue; the next group of the VM gets the slot with a clean MMU", () => {
    const { bench, device, gpu, group, exec } = working();
    const first = group(1);
    exec(1, 0);
    gpu.fault();
    bench.machine.settle();
    expect([first.fatalQueues, first.state, bench.vm(1).unhandledFault]).toEqual([3, "terminated", true]);
    expect([...device.as.faulty]).toEqual([1]);
    group(2);
    expect(exec(2, 0)).toBe(0);
    expect([bench.vm(1).asId, bench.vm(1).unhandledFault, device.as.faulty.size]).toEqual([1, false, 0]);
    clean(bench);
  });

  it("when it makes no progress, or when only a reset helps", () => {
    for (const happens of [(gpu: PanthorGpu) => gpu.noProgress(), (gpu: PanthorGpu) => gpu.fatal(true)]) {
      const { bench, gpu, group, exec } = working();
      const { submitted } = group(1);
      exec(1, 0);
      const fence = submitted.get(1);
      happens(gpu);
      bench.machine.settle();
      expect(fence?.signaled).toBe(true);
      expect(exec(1, 0)).toBe(-EINVAL);
      clean(bench);
    }
  });

  it("and with the device, which is lost when the GPU does not come back: calls are refused from then on", () => {
    const { bench, device, gpu, group, exec } = working();
    const { submitted } = group(1);
    exec(1, 0);
    const fence = submitted.get(1);
    gpu.breakDown();
    gpu.fatal(true);
    bench.machine.quiesce();
    expect([fence?.signaled, device.unplugged, device.mcu]).toEqual([true, true, null]);
    expect(exec(1, 0)).toBe(-ENODEV);
    expect(bench.bind(1, false, { kind: "unmap", va: 0, length: MIB })).toBe(-ENODEV);
    expect(bench.shrink(MIB)).toBe(0);
    expect(bench.vm(1).asId).toBe(-1);
    clean(bench);
  });
});

describe("a tiler that wants memory", () => {
  const want = { heap: 0, vtStart: 1, vtEnd: 0, fragEnd: 0 };

  function drawing(max: number) {
    const all = working();
    all.group(1);
    const heap = { op: "heap_create", vm: 1, id: 1, chunk: 2 ** 17, init: 1, max } as const;
    expect(all.bench.ask(heap)).toBe(0);
    all.exec(1, 0);
    const chunks = () => all.bench.vm(1).heaps?.heaps.get(0)?.chunks.length;
    return { ...all, chunks };
  }

  it("gets a chunk, until the heap has enough: then nothing, which is no error", () => {
    const { bench, gpu, chunks } = drawing(2);
    for (let i = 0; i < 2; i++) {
      gpu.tilerOom(want);
      bench.machine.settle();
      expect(chunks()).toBe(2);
    }
    expect(gpu.stateOf(bench.file(), 1)?.fatal).toBe(false);
    clean(bench);
  });

  it("gives the chunk back if the group has left its slot meanwhile", () => {
    const { bench, device, gpu, chunks } = drawing(2);
    gpu.tilerOom(want);
    const [group] = device.sched.slots.map(({ group: in_ }) => in_);
    device.onKernelBo = (_, made) => {
      // Between the chunk and the look at the slot.
      if (made && group != null) group.csgId = -1;
    };
    bench.machine.settle();
    device.onKernelBo = null;
    if (group != null) group.csgId = 0;
    expect(chunks()).toBe(1);
    clean(bench);
  });

  it("is the end of the queue where there is no such heap, or what it says makes no sense", () => {
    for (const wrong of [
      { ...want, heap: 9 },
      { ...want, vtStart: 0 },
    ]) {
      const { bench, gpu } = drawing(2);
      gpu.tilerOom(wrong);
      bench.machine.settle();
      expect(gpu.stateOf(bench.file(), 1)?.fatal).toBe(true);
      clean(bench);
    }
  });
});

it("a queue that waits for a value holds the object that it is in, with its pages, until the value is there", () => {
  const { bench, device, gpu, group, exec } = working({ lockdep: false });
  const waiting = group(1);
  device.gpu.manual = true;
  exec(1, 0);
  const wait = gpu.syncWait(AT);
  // A second group that works makes a tick look how the queues are.
  group(2);
  exec(2, 0);
  bench.machine.advanceTo(bench.machine.now + 20e6);
  device.sched.queueSyncUpdate();
  bench.machine.settle();
  const bo = bench.bo(1);
  expect([waiting.blockedQueues, bo.vmaps, bo.pins]).toEqual([1, 1, 1]);
  bench.ask({ op: "gem_close", bo: 1 });
  expect(bench.machine.dev.ledger?.holders(bo).length).toBe(2);
  expect(bench.shrink(MIB)).toBe(0);
  wait?.reached();
  bench.machine.settle();
  expect([waiting.blockedQueues, bo.vmaps, bo.pins]).toEqual([0, 0, 0]);
  device.gpu.manual = false;
  clean(bench);
});
