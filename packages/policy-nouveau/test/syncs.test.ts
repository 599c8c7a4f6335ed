import { EINVAL, ENOENT, ENOMEM } from "@gpuvm/core";
import type { SyncOp } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { gem, INIT, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const VA = 0x10000;
const wait = (handle: number, point?: number): SyncOp => ({
  handle,
  wait: true,
  ...(point === undefined ? {} : { point }),
});
const signal = (handle: number, point?: number): SyncOp => ({ ...wait(handle, point), wait: false });
const syncobj = (n: number): Line => ({ op: "syncobj_create", syncobj: n });
const exec = (channel: number, ...ops: SyncOp[]): Line => ({
  op: "exec",
  channel,
  push: [[VA, 64]],
  syncOps: [ops],
});
const bind = (line: Line, ...ops: SyncOp[]): Line => ({ ...line, async: true, syncOps: [ops] }) as Line;

function script(): Script {
  const made = new Script();
  made.run(INIT, gem(1, K4, 4), gem(2, K4, 4), map(1, VA, K4), syncobj(1), syncobj(2));
  made.run({ op: "channel_new", channel: 1 }, { op: "channel_new", channel: 2 });
  return made;
}

/** Modelled milliseconds. */
const ms = ({ replay: { machine } }: Script) => machine.now / 1e6;

describe("a job that names syncobjs", () => {
  it("begins when what they have is done, and they get its fence", () => {
    const made = script();
    const { machine } = made.replay;
    const { counts } = machine;
    expect(made.run(exec(1, signal(1)), bind(map(2, 2 * VA, K4), wait(1), signal(2)))).toEqual([0, 0]);
    const before = counts.ptMaps;
    machine.settle();
    expect(counts.ptMaps).toBe(before);
    // It waits for the bind, and so for the EXEC.
    expect(made.run(exec(2, wait(2), signal(1)))).toEqual([0]);
    made.run({ op: "syncobj_wait", syncobjs: [2] });
    expect([ms(made), counts.ptMaps]).toEqual([10, before + 1]);
    made.run({ op: "syncobj_wait", syncobjs: [1] });
    expect(ms(made)).toBe(20);
    made.replay.finish();
    expect(made.hazards).toEqual([]);
  });

  it("waits for a point of a timeline, and all before it", () => {
    const made = script();
    expect(made.run(exec(1, signal(1, 1)), exec(2, signal(1, 2)), exec(2, wait(1, 3)))).toEqual([
      0,
      0,
      -EINVAL,
    ]);
    expect(made.run(bind(unmap(VA, K4), wait(1, 2), signal(1, 3)))).toEqual([0]);
    made.run({ op: "syncobj_wait", syncobjs: [1], points: [1] });
    expect(ms(made)).toBe(10);
    made.run({ op: "syncobj_wait", syncobjs: [1], points: [3] });
    expect(ms(made)).toBe(20);
    expect(made.hazards).toEqual([]);
  });

  it("does not wait for another job of its own channel: the ring has them in order", () => {
    const made = script();
    const { machine } = made.replay;
    made.run(exec(1, signal(1)), exec(1, wait(1)));
    machine.settle();
    expect(machine.counts.gpuJobs).toBe(2);
    // A point of a timeline is a fence of its own, which is waited for.
    made.run(exec(1, signal(2, 1)), exec(1, wait(2, 1)));
    machine.settle();
    expect(machine.counts.gpuJobs).toBe(3);
    machine.quiesce();
    expect(machine.counts.gpuJobs).toBe(4);
  });

  it("is refused if one is not there or has no fence, and then has changed nothing", () => {
    const made = script();
    const { vms } = made.replay.machine;
    const vas = () => vms.find(({ purpose }) => purpose === "program")?.vm.vas.live;
    const before = vas();
    const move = map(2, 2 * VA, K4);
    expect(
      made.run(
        bind(move, wait(9)),
        bind(move, signal(9)),
        bind(move, wait(1)),
        bind(move, signal(2), signal(9)),
        exec(1, wait(9)),
        exec(1, signal(9)),
        { ...move, syncOps: [[signal(1)]] } as Line,
      ),
    ).toEqual([-ENOENT, -ENOENT, -EINVAL, -ENOENT, -ENOENT, -ENOENT, -EINVAL]);
    made.replay.machine.dev.failAlloc = (what) => what === "dma_fence_chain";
    expect(made.run(exec(1, signal(1, 1)))).toEqual([-ENOMEM]);
    made.replay.machine.dev.failAlloc = null;
    expect(vas()).toBe(before);
    // What was looked up is put again: the syncobjs go with their handles.
    expect(made.run({ op: "syncobj_destroy", syncobj: 1 }, { op: "syncobj_destroy", syncobj: 2 })).toEqual([
      0, 0,
    ]);
    made.replay.finish();
    expect(made.hazards).toEqual([]);
  });

  it("goes without its work where it waits at the end of the file, and signals", () => {
    const made = script();
    made.run(exec(2, signal(1)), exec(1, wait(1), signal(2)));
    made.replay.close(0);
    expect(made.replay.machine.counts.gpuJobs).toBe(1);
    made.replay.finish();
    expect(made.hazards).toEqual([]);
  });
});
