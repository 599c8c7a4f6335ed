import {
  DmaFence,
  DrmExec,
  EINTR,
  ERESTARTSYS,
  gpuvmResvObjectAlloc,
  Lock,
  type Steps,
  Task,
} from "@gpuvm/core";
import { expect, it } from "vitest";
import {
  lockInterruptible,
  Machine,
  Process,
  Thread,
  waitFenceInterruptible,
  waitUntilInterruptible,
} from "../src/index.ts";

/** Begins a call that has to wait, kills its program, and lets it go on. */
function killed(machine: Machine, process: Process, steps: Steps<number>): number | undefined {
  const thread = new Thread(new Task("call"), steps);
  thread.step(machine.dev);
  expect([thread.done, thread.ready()]).toEqual([false, false]);
  process.killed = true;
  expect(thread.ready()).toBe(true);
  thread.step(machine.dev);
  expect(thread.done).toBe(true);
  return thread.result;
}

it("a signal ends the wait for a lock, a fence, a condition; who need not wait is not asked", () => {
  const machine = new Machine();
  const { dev } = machine;
  const other = new Task("other");
  const lock = new Lock("a lock", "class", null);
  lock.acquire(other);
  const process = new Process();
  expect(killed(machine, process, lockInterruptible(dev, lock, process, "f"))).toBe(-ERESTARTSYS);
  expect(lock.owner).toBe(other);
  lock.release(other);
  expect(machine.call(lockInterruptible(dev, lock, process, "f"))).toBe(0);
  const fence = new DmaFence(1, 1);
  const second = new Process();
  expect(killed(machine, second, waitFenceInterruptible(dev, fence, second, "f"))).toBe(-ERESTARTSYS);
  fence.signal();
  expect(machine.call(waitFenceInterruptible(dev, fence, second, "f"))).toBe(0);
  const third = new Process();
  const never = waitUntilInterruptible(dev, () => false, third, "f");
  expect(killed(machine, third, never)).toBe(-ERESTARTSYS);
});

it("a signal ends the wait for an object's lock, and nothing stays locked", () => {
  const machine = new Machine();
  const { dev } = machine;
  const [mine, theirs] = [gpuvmResvObjectAlloc(dev), gpuvmResvObjectAlloc(dev)];
  if (mine === null || theirs === null) throw new Error("no memory");
  theirs.resv.acquire(new Task("other"));
  const process = new Process();
  const both = function* (): Steps<number> {
    const exec = new DrmExec(dev);
    exec.interrupt = process;
    let ret = 0;
    while (exec.untilAllLocked()) {
      for (const obj of [mine, theirs]) {
        ret = yield* exec.lockObj(obj);
        if (exec.contended !== null || ret !== 0) break;
      }
    }
    exec.fini();
    return ret;
  };
  expect(killed(machine, process, both())).toBe(-EINTR);
  expect([mine.resv.owner, mine.refs, theirs.refs]).toEqual([null, 1, 1]);
});
