import { ECANCELED, EIO, ETIME } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import type { XeQueue } from "../src/exec/exec-queue.ts";
import { VM_FAULT_MODE, VM_LR_MODE, type XeDriver, type XeGpu } from "../src/index.ts";
import { Bench, MIB } from "./bench.ts";

const MAP = { kind: "map", bo: 1, va: 0, length: MIB } as const;
const VRAM = 2;
const SYSTEM = 1;

class Resetting extends Bench {
  /** A VM with two queues on one engine, and a mapped buffer. */
  constructor(flags = 0, options: ConstructorParameters<typeof Bench>[0] = {}) {
    super({ watch: true, ...options });
    this.ask({ op: "vm_create", vm: 1, flags });
    this.ask({ op: "gem_new", bo: 1, size: 4 * MIB });
    this.bind(1, MAP);
    for (const queue of [1, 2]) this.ask({ op: "queue_new", queue, vm: 1 });
  }

  get gpu(): XeGpu {
    return (this.replay.driver as XeDriver).gpu;
  }

  exec(queue: number): number {
    return this.ask({ op: "exec", queue, batches: 1 });
  }

  queue(id: number): XeQueue {
    return this.file().queues.get(id) as XeQueue;
  }

  /** What the last batch of a queue ended with; null: it has not. */
  end(id: number): number | null {
    const fence = this.queue(id).lastFence;
    return fence?.signaled === true ? fence.error : null;
  }

  /** Something does not work, once. */
  fails(what: string): void {
    let left = 1;
    this.machine.dev.failAlloc = (asked) => asked === what && left-- > 0;
  }

  clean(): void {
    this.machine.dev.failAlloc = null;
    this.finish();
    expect(this.machine.hazards).toEqual([]);
    expect(this.references()).toEqual([]);
  }
}

describe("a GT reset", () => {
  it("costs the queue whose batch had begun; what had not is given to the GPU again", () => {
    const bench = new Resetting();
    bench.exec(1);
    bench.exec(2);
    bench.gpu.reset();
    bench.machine.settle();
    expect([bench.queue(1).killed, bench.end(1)]).toEqual([true, -ETIME]);
    expect([bench.queue(2).killed, bench.end(2)]).toEqual([false, null]);
    expect(bench.exec(1)).toBe(-ECANCELED);
    bench.machine.quiesce();
    expect(bench.end(2)).toBe(0);
    // From the beginning, behind nothing.
    expect(bench.machine.now).toBe(10_000_000);
    bench.clean();
  });

  it("under a queue that has nothing to do is nothing to it", () => {
    const bench = new Resetting();
    bench.exec(1);
    bench.machine.quiesce();
    bench.gpu.reset();
    bench.machine.settle();
    expect(bench.exec(1)).toBe(0);
    bench.machine.quiesce();
    expect(bench.end(1)).toBe(0);
    bench.clean();
  });

  it("is one at a time, and costs what is submitted before it begins; but not to a queue that is made meanwhile", () => {
    const bench = new Resetting();
    bench.gpu.reset();
    bench.gpu.reset();
    const { machine } = bench;
    expect(machine.pending.length).toBe(1);
    // No worker runs while the calls go on.
    const asks = (request: object) => {
      const steps = bench.replay.driver.ioctl(bench.file(), { t: 0, f: 0, ...request } as never);
      expect(steps.next().value).toBe(0);
    };
    asks({ op: "exec", queue: 1, batches: 1 });
    asks({ op: "queue_new", queue: 3, vm: 1 });
    asks({ op: "exec", queue: 3, batches: 1 });
    machine.quiesce();
    expect([bench.queue(1).killed, bench.end(1)]).toEqual([true, -ETIME]);
    expect([bench.queue(3).killed, bench.end(3)]).toEqual([false, 0]);
    bench.clean();
  });

  it("that comes for the third time costs a queue whose batch has never begun", () => {
    const bench = new Resetting();
    bench.exec(2);
    bench.exec(1);
    for (const killed of [false, false, true]) {
      // What is in front of it is begun anew by another queue.
      bench.ask({ op: "queue_close", queue: 2 });
      bench.ask({ op: "queue_new", queue: 2, vm: 1 });
      const ring = bench.vm(1).xe.ring(0);
      ring.busyUntil = bench.machine.now + 1;
      for (const job of bench.queue(1).pending.toArray()) ring.again(job);
      bench.gpu.reset();
      bench.machine.settle();
      expect(bench.queue(1).killed).toBe(killed);
    }
    bench.clean();
  });

  it("is made where the firmware does not answer, before any fence signals", () => {
    const bench = new Resetting();
    bench.gpu.hang();
    bench.exec(1);
    bench.exec(2);
    bench.fails("guc answers a schedule disable");
    const left: (boolean | undefined)[] = [];
    const fence = bench.queue(1).lastFence;
    fence?.onSignal(() => left.push([...bench.machine.inUse].some(({ touches }) => touches)));
    bench.machine.quiesce();
    expect(left).toEqual([true]);
    expect([bench.end(1), bench.end(2)]).toEqual([-ETIME, 0]);
    bench.clean();
  });

  it("squashes page faults: the batch meets none of their answers", () => {
    const bench = new Resetting(VM_LR_MODE | VM_FAULT_MODE);
    bench.exec(2);
    bench.gpu.touch(bench.file(), 2, 0);
    bench.gpu.touch(bench.file(), 2, 64 * MIB);
    bench.gpu.reset();
    expect(bench.vm(1).xe.pendingFaults.size).toBe(1);
    bench.machine.quiesce();
    expect([bench.vm(1).xe.pendingFaults.size, bench.queue(2).killed]).toEqual([0, true]);
    bench.clean();
  });

  it("under long-running work that was preempted leaves it to be brought back", () => {
    const bench = new Resetting(VM_LR_MODE);
    bench.gpu.reset();
    bench.machine.settle();
    bench.exec(1);
    expect(bench.shrink(64 * MIB)).toBe(4 * MIB);
    bench.machine.quiesce();
    expect([bench.queue(1).killed, bench.bo(1).pages]).toEqual([false, "resident"]);
    bench.clean();
  });
});

describe("a device that is given up", () => {
  it.each(["xe gt reset", "xe gt restart"])(
    "for a %s that fails refuses every call, and ends all work",
    (what) => {
      const bench = new Resetting();
      bench.exec(1);
      bench.exec(2);
      bench.fails(what);
      bench.gpu.reset();
      const wait = { op: "wait_fence", fence: 1, queue: 1, addr: 0x7000_0000 } as const;
      expect(bench.ask(wait)).toBe(-EIO);
      expect([bench.end(1), bench.end(2)]).toEqual([-ETIME, -ETIME]);
      expect(bench.exec(2)).toBe(-ECANCELED);
      expect(bench.bind(1, { kind: "unmap", va: 0, length: MIB })).toBe(-ECANCELED);
      expect(bench.ask({ op: "gem_close", bo: 1 })).toBe(-ECANCELED);
      // What the GPU can't be told any more is nobody's problem: files close.
      bench.gpu.reset();
      bench.clean();
    },
  );

  it("never is, if nobody wants it: work goes on", () => {
    const bench = new Resetting();
    bench.gpu.setWedgedMode("never");
    bench.exec(2);
    bench.exec(1);
    bench.fails("xe gt reset");
    bench.gpu.reset();
    bench.machine.quiesce();
    expect([bench.end(1), bench.exec(1)]).toEqual([0, 0]);
    bench.clean();
  });

  it("at the first hang stays as it is, to be looked at: the GPU is not taken off its work", () => {
    const bench = new Resetting();
    bench.gpu.setWedgedMode("upon-any-hang-no-reset");
    bench.gpu.hang();
    bench.exec(1);
    bench.exec(2);
    bench.machine.quiesce();
    expect([bench.end(1), bench.end(2)]).toEqual([-ETIME, -ETIME]);
    expect([...bench.machine.inUse].map(({ touches }) => touches)).toEqual([true]);
    expect(bench.exec(1)).toBe(-ECANCELED);
    expect(bench.machine.dev.ledger?.holders(bench.queue(2).kref).map(({ holder }) => holder)).toContain(
      "wedged",
    );
  });

  it("is one that can't copy: it is reset twice, and no more", () => {
    for (const [hangs, given] of [
      [2, false],
      [3, true],
    ] as const) {
      const bench = new Resetting(0, { vram: 64 * MIB });
      bench.machine.quiesce();
      bench.gpu.hangCopies(hangs);
      bench.ask({ op: "gem_new", bo: 2, size: MIB, placement: VRAM | SYSTEM });
      bench.machine.quiesce();
      expect(bench.ask({ op: "gem_close", bo: 2 })).toBe(given ? -ECANCELED : 0);
      bench.clean();
    }
  });
});
