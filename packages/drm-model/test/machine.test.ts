import { GpuvmError, Lock, type Steps } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import {
  BindQueue,
  Distribution,
  GpuEngine,
  lock,
  Machine,
  Timer,
  Timers,
  unlock,
  waitFence,
} from "../src/index.ts";

function* nothing(): Steps<void> {}

describe("Machine", () => {
  it("lets time pass while a call waits for a fence, and no longer than that", () => {
    const machine = new Machine({ jobNs: 1000 });
    const fence = machine.fence(machine.fenceContext(), 1);
    new GpuEngine(machine).submit({ fence, after: [] });
    machine.timers.add(5000, () => {});
    machine.call(waitFence(machine.dev, fence, "wait"));
    expect(machine.now).toBe(1000);
  });

  it("runs workers while a call waits for the lock that one of them will let go", () => {
    const machine = new Machine();
    const fence = machine.fence(1, 1);
    const mutex = new Lock("mutex", "mutex", null);
    const order: string[] = [];
    machine.queueWork("worker", function* (): Steps<void> {
      yield* lock(machine.dev, mutex, "worker");
      yield* waitFence(machine.dev, fence, "worker");
      order.push("worker");
      unlock(machine.dev, mutex);
    });
    machine.settle();
    machine.timers.add(10, () => fence.signal());
    machine.call(
      (function* (): Steps<void> {
        yield* lock(machine.dev, mutex, "call");
        order.push("call");
      })(),
    );
    expect(order).toEqual(["worker", "call"]);
    expect(machine.now).toBe(10);
  });

  it("says what a call waits for when nothing can bring it about", () => {
    const machine = new Machine();
    const fence = machine.fence(7, 3);
    expect(() => machine.call(waitFence(machine.dev, fence, "wait"))).toThrow(/fence 7:3/);
  });

  it("records a broken rule as a hazard, and goes on", () => {
    const machine = new Machine();
    const call = (function* (): Steps<number> {
      throw new GpuvmError("USE_AFTER_FREE", "gone", ["bo#1"]);
    })();
    expect(machine.call(call)).toBeUndefined();
    expect(machine.hazards.map(({ kind, object }) => [kind, object])).toEqual([["use-after-free", "bo#1"]]);
  });

  it("begins delayed work where the kernel's timer wheel has it, if it has a clock", () => {
    const firedAt = (ms: number, options: { jiffyNs?: number }, now = 0) => {
      const machine = new Machine(options);
      machine.advanceTo(now * 1e6);
      return machine.timerIn(ms * 1e6) / 1e6;
    };
    expect([firedAt(10, {}), firedAt(5000, {}, 3)]).toEqual([10, 5003]);
    const hz100 = { jiffyNs: 10e6 };
    // The next whole tick after it is over; of 8 ticks from 63 on, of 64 from 504 on.
    expect([firedAt(10, hz100), firedAt(15, hz100), firedAt(620, hz100)]).toEqual([20, 30, 630]);
    expect([firedAt(1000, hz100), firedAt(1000, hz100, 40), firedAt(6000, hz100)]).toEqual([
      1040, 1120, 6400,
    ]);
  });

  it("does not swallow other errors", () => {
    const machine = new Machine();
    const call = (function* (): Steps<number> {
      throw new TypeError("a bug");
    })();
    expect(() => machine.call(call)).toThrow(TypeError);
  });
});

describe("GpuEngine", () => {
  it("runs jobs one after the other, each behind its dependencies", () => {
    const machine = new Machine({ jobNs: 100 });
    const engine = new GpuEngine(machine);
    const [a, b, c] = [1, 2, 3].map((n) => machine.fence(1, n));
    const done: [string, number][] = [];
    for (const [name, fence] of Object.entries({ a, b, c }))
      fence?.onSignal(() => done.push([name, machine.now]));
    const gate = machine.fence(2, 1);
    engine.submit({ fence: a as never, after: [gate] });
    engine.submit({ fence: b as never, after: [] });
    engine.submit({ fence: c as never, after: [b as never], work: false });
    machine.timers.add(250, () => gate.signal());
    machine.quiesce();
    expect(done).toEqual([
      ["b", 100],
      ["c", 100],
      ["a", 350],
    ]);
  });

  it("retires in process context, after the signal", () => {
    const machine = new Machine();
    const fence = machine.fence(1, 1);
    let seen = "";
    const retire = function* (): Steps<void> {
      seen = `${machine.dev.current.context} ${fence.signaled}`;
    };
    new GpuEngine(machine).submit({ fence, after: [], retire });
    machine.quiesce();
    expect(seen).toBe("process true");
  });
});

describe("BindQueue", () => {
  function job(machine: Machine, label: string, log: string[], after: ReturnType<Machine["fence"]>[] = []) {
    const finished = machine.fence(9, log.length + 1);
    const run = function* (): Steps<number> {
      log.push(`${label} ${machine.dev.current.context}`);
      return 0;
    };
    return { label, after, finished, run, free: nothing };
  }

  it("runs in order, in the signalling path, and not before the first job's dependency", () => {
    const machine = new Machine();
    const queue = new BindQueue(machine, "vm");
    const log: string[] = [];
    const gate = machine.fence(1, 1);
    queue.push(job(machine, "first", log, [gate]));
    queue.push(job(machine, "second", log));
    machine.settle();
    expect(log).toEqual([]);
    expect(queue.length).toBe(2);
    gate.signal();
    machine.settle();
    expect(log).toEqual(["first signalling", "second signalling"]);
    expect(queue.idle).toBe(true);
  });

  it("drops what has not begun when it stops, with the error, and takes no more", () => {
    const machine = new Machine();
    const queue = new BindQueue(machine, "vm");
    const log: string[] = [];
    const waiting = job(machine, "waiting", log, [machine.fence(1, 1)]);
    let freed = 0;
    queue.push({
      ...waiting,
      free: function* (): Steps<void> {
        freed++;
      },
    });
    queue.stop(-125);
    machine.settle();
    expect([waiting.finished.signaled, waiting.finished.error, freed]).toEqual([true, -125, 1]);
    expect(() => queue.push(waiting)).toThrow(/stopped/);
  });
});

describe("Timers", () => {
  it("fires by time, and in order among equals", () => {
    const timers = new Timers();
    const seen: number[] = [];
    for (const [i, at] of [5, 1, 5, 3, 1].entries()) timers.add(at, () => seen.push(at * 10 + i));
    for (let timer = timers.pop(); timer !== undefined; timer = timers.pop()) timer.fn(timer);
    expect(seen).toEqual([11, 14, 33, 50, 52]);
  });

  it("are set, cancelled and set again, and fire in the order in which they were set last", () => {
    const timers = new Timers();
    const all = Array.from({ length: 20 }, () => new Timer(() => {}));
    let order: Timer[] = [];
    let seed = 7;
    const below = (n: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % n;
    };
    for (let i = 0; i < 3000; i++) {
      const timer = all[below(all.length)] as Timer;
      if (timer.pending || below(3) === 0) timers.cancel(timer);
      else timers.set(timer, below(10));
      order = order.filter((other) => other !== timer);
      if (timer.pending) order.splice(order.filter(({ at }) => at <= timer.at).length, 0, timer);
      expect([timers.size, timers.next]).toEqual([order.length, order[0]?.at ?? Number.POSITIVE_INFINITY]);
      if (below(4) === 0) expect(timers.pop()).toBe(order.shift());
      if (i % 100 === 0) expect(timers.list()).toEqual(order);
    }
  });
});

describe("Distribution", () => {
  it("gives exact percentiles", () => {
    const d = new Distribution();
    for (let i = 1; i <= 100; i++) d.add(i);
    expect([d.percentile(0.5), d.percentile(0.99), d.percentile(1), d.max, d.n]).toEqual([
      50, 99, 100, 100, 100,
    ]);
    const e = new Distribution();
    e.add(1000);
    d.addAll(e.entries());
    expect([d.max, d.n, d.percentile(1)]).toEqual([1000, 101, 1000]);
  });

  it("answers 0 when empty", () => {
    expect(new Distribution().percentile(0.5)).toBe(0);
  });
});

describe("a timer that is cancelled", () => {
  it("does not fire, and time does not stop for it", () => {
    const machine = new Machine();
    const fired: number[] = [];
    const timers = [30, 10, 20, 10].map((at, i) => machine.timers.add(at, () => fired.push(i)));
    machine.timers.cancel(timers[1] as (typeof timers)[0]);
    machine.timers.cancel(timers[0] as (typeof timers)[0]);
    machine.timers.cancel(timers[0] as (typeof timers)[0]);
    expect([machine.timers.size, machine.timers.list().length]).toEqual([2, 2]);
    machine.quiesce();
    expect([fired, machine.now, machine.timers.size]).toEqual([[3, 2], 20, 0]);
    machine.timers.cancel(timers[2] as (typeof timers)[0]);
    expect(machine.timers.size).toBe(0);
  });
});
