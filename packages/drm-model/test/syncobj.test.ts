import { type DmaFence, EINVAL, ENOENT, type Errno, ETIME, type Ledger } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import {
  CountedFence,
  DrmFile,
  Machine,
  releaseSyncobjs,
  type SyncobjRequest,
  syncobjIoctl,
} from "../src/index.ts";

type Asked = SyncobjRequest extends infer R ? (R extends SyncobjRequest ? Omit<R, "t" | "f"> : never) : never;

/** Two open files of a driver that has nothing but syncobjs. */
class Bench {
  readonly machine: Machine = new Machine({ audit: true });
  readonly files: DrmFile[] = [0, 1].map((id) => new DrmFile(this.machine, id));
  #context = 0;

  ask(request: Asked, file = 0): Errno {
    const steps = () =>
      syncobjIoctl(this.files[file] as DrmFile, { t: 0, f: file, ...request } as SyncobjRequest, 0);
    return this.machine.call(steps) ?? 0;
  }

  /** A job's fence, in a syncobj. */
  job(handle: number, point = 0, file = 0): DmaFence {
    const fence = this.machine.fence(++this.#context, 1);
    this.files[file]?.syncobjs.get(handle)?.set(this.machine.dev, fence, point);
    return fence;
  }

  fenceOf(handle: number, point = 0, file = 0): DmaFence | null | undefined {
    return this.files[file]?.syncobjs.get(handle)?.peek(point);
  }

  /** The files close. @returns what is still counted */
  end(): readonly string[] {
    for (const file of this.files) releaseSyncobjs(file);
    const ledger = this.machine.dev.ledger as Ledger;
    return ledger.all().map((what) => JSON.stringify(ledger.holders(what)));
  }
}

function made(...handles: number[]): Bench {
  const bench = new Bench();
  for (const syncobj of handles) bench.ask({ op: "syncobj_create", syncobj });
  return bench;
}

describe("a syncobj", () => {
  it("begins empty, or signalled; it has the last fence that was put into it, until it is reset", () => {
    const bench = made(1);
    expect(bench.fenceOf(1)).toBeNull();
    bench.ask({ op: "syncobj_create", syncobj: 2, signaled: true });
    expect(bench.fenceOf(2)?.signaled).toBe(true);
    bench.job(1);
    const last = bench.job(1);
    expect(bench.fenceOf(1)).toBe(last);
    expect(bench.ask({ op: "syncobj_reset", syncobjs: [1, 3] })).toBe(-ENOENT);
    expect(bench.fenceOf(1)).toBe(last);
    expect(bench.ask({ op: "syncobj_reset", syncobjs: [1] })).toBe(0);
    expect(bench.fenceOf(1)).toBeNull();
    expect(bench.ask({ op: "syncobj_destroy", syncobj: 2 })).toBe(0);
    expect(bench.ask({ op: "syncobj_destroy", syncobj: 2 })).toBe(-EINVAL);
    expect(bench.end()).toEqual([]);
  });

  it("of a timeline has reached a point when the jobs of all points before are done", () => {
    const bench = made(1);
    const [first, second] = [bench.job(1, 5), bench.job(1, 9)];
    expect(bench.fenceOf(1, 10)).toBeNull();
    const [five, nine, last] = [bench.fenceOf(1, 3), bench.fenceOf(1, 6), bench.fenceOf(1)];
    second.signal();
    expect([five?.signaled, nine?.signaled, last]).toEqual([false, false, nine]);
    first.signal();
    expect([five?.signaled, nine?.signaled]).toEqual([true, true]);
    bench.job(1, 12);
    // What was reached stays reached, though the fences of it are gone.
    expect([bench.fenceOf(1, 4)?.signaled, bench.fenceOf(1, 12)?.signaled]).toEqual([true, false]);
    expect(bench.end()).toEqual([]);
  });

  it("is signalled by the program, as a whole or up to a point", () => {
    const bench = made(1, 2);
    expect(bench.ask({ op: "syncobj_signal", syncobjs: [1, 2], points: [0, 4] })).toBe(0);
    expect([bench.fenceOf(1)?.signaled, bench.fenceOf(2, 4)?.signaled, bench.fenceOf(2, 5)]).toEqual([
      true,
      true,
      null,
    ]);
    expect(bench.ask({ op: "syncobj_signal", syncobjs: [] })).toBe(-EINVAL);
    expect(bench.end()).toEqual([]);
  });
});

describe("a wait", () => {
  it("goes on until all are done, or any", () => {
    for (const [flags, until] of [
      [1, 20],
      [0, 10],
    ] as const) {
      const bench = made(1, 2);
      const [slow, quick] = [bench.job(1), bench.job(2)];
      bench.machine.timers.add(20, () => slow.signal());
      bench.machine.timers.add(10, () => quick.signal());
      expect(bench.ask({ op: "syncobj_wait", syncobjs: [1, 2], flags })).toBe(0);
      expect(bench.machine.now).toBe(until);
      expect(bench.end()).toEqual([]);
    }
  });

  it("for what nothing was submitted to is an error, or takes too long", () => {
    const bench = made(1);
    expect(bench.ask({ op: "syncobj_wait", syncobjs: [1], flags: 1 })).toBe(-EINVAL);
    expect(bench.ask({ op: "syncobj_wait", syncobjs: [1], flags: 3 })).toBe(-ETIME);
    bench.job(1, 7);
    expect(bench.ask({ op: "syncobj_wait", syncobjs: [1], points: [7], flags: 5 })).toBe(0);
    expect(bench.ask({ op: "syncobj_wait", syncobjs: [2], flags: 1 })).toBe(-ENOENT);
    expect(bench.end()).toEqual([]);
  });
});

describe("between syncobjs and files", () => {
  it("a fence is copied, to a point, too", () => {
    const bench = made(1, 2);
    expect(bench.ask({ op: "syncobj_transfer", src: 1, dst: 2 })).toBe(-EINVAL);
    const fence = bench.job(1);
    expect(bench.ask({ op: "syncobj_transfer", src: 1, dst: 2, dstPoint: 3 })).toBe(0);
    expect(bench.fenceOf(2, 3)?.signaled).toBe(false);
    fence.signal();
    expect(bench.fenceOf(2, 3)?.signaled).toBe(true);
    expect(bench.ask({ op: "syncobj_transfer", src: 1, dst: 3 })).toBe(-ENOENT);
    expect(bench.end()).toEqual([]);
  });

  it("a descriptor leads to the same syncobj, also when its handle is gone", () => {
    const bench = made(1);
    expect(bench.ask({ op: "syncobj_export", syncobj: 1, fd: 1 })).toBe(0);
    bench.ask({ op: "syncobj_destroy", syncobj: 1 });
    expect(bench.ask({ op: "syncobj_import", syncobj: 4, fd: 1 }, 1)).toBe(0);
    const fence = bench.job(4, 0, 1);
    expect(bench.ask({ op: "syncobj_import", syncobj: 5, fd: 1 })).toBe(0);
    expect(bench.fenceOf(5)).toBe(fence);
    expect(bench.end()).toEqual([]);
  });

  it("a sync file keeps the fence of its time; what came from elsewhere holds nothing up", () => {
    const bench = made(1, 2);
    const fence = bench.job(1);
    expect(bench.ask({ op: "syncobj_export", syncobj: 2, fd: 1, syncFile: true })).toBe(-EINVAL);
    expect(bench.ask({ op: "syncobj_export", syncobj: 1, fd: 1, syncFile: true })).toBe(0);
    bench.job(1);
    expect(bench.ask({ op: "syncobj_import", syncobj: 2, fd: 1, syncFile: true })).toBe(0);
    expect(bench.fenceOf(2)).toBe(fence);
    expect(bench.ask({ op: "syncobj_import", syncobj: 2, syncFile: true })).toBe(0);
    expect(bench.fenceOf(2)?.signaled).toBe(true);
    expect(bench.ask({ op: "syncobj_import", syncobj: 3 }, 1)).toBe(0);
    expect(bench.fenceOf(3, 0, 1)?.signaled).toBe(true);
    expect(bench.ask({ op: "syncobj_import", syncobj: 9, fd: 1, syncFile: true })).toBe(-ENOENT);
    expect(bench.end()).toEqual([]);
  });

  it("a job's fence lives as long as somebody has it", () => {
    const bench = made(1, 2);
    let released = 0;
    const base = bench.machine.fence(99, 1);
    const fence = new CountedFence(bench.machine.dev, base, "fence", "job", () => released++);
    bench.files[0]?.syncobjs.get(1)?.add(2, fence);
    fence.put("job");
    bench.ask({ op: "syncobj_transfer", src: 1, dst: 2 });
    bench.ask({ op: "syncobj_destroy", syncobj: 1 });
    expect(released).toBe(0);
    bench.ask({ op: "syncobj_destroy", syncobj: 2 });
    expect(released).toBe(1);
    expect(bench.end()).toEqual([]);
  });
});

it("finds a point of a timeline that is reached before the one before it, while schedules are explored", () => {
  const found = (quarantine: boolean) => {
    const bench = made(1);
    const { machine } = bench;
    machine.dev.quarantine = quarantine;
    bench.job(1, 1);
    bench.job(1, 2);
    // As if the second did not wait for the first.
    bench.fenceOf(1, 2)?.signal();
    return machine.hazards.map(({ detail }) => detail);
  };
  expect(found(true)).toEqual(["a point of a timeline is reached, and one before it is not"]);
  expect(found(false)).toEqual([]);
});
