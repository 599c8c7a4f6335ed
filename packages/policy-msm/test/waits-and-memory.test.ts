import { type DmaFence, EFAULT, EINVAL, ENOENT, ENOSPC, type Errno } from "@gpuvm/core";
import { type BindOp, type CpuMapping, findFences, KIB4, SyncObj } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { processPostDeps } from "../src/gpu/syncobj.ts";
import { MS, NOTHING, Rig } from "./support/rig.ts";

const GIB = 2 ** 30;
const BASE = 2 ** 32;

describe("an object in a program's address space", () => {
  it("lives until it is unmapped, loses its pages under pressure, and gets them back with a touch", () => {
    const rig = new Rig("mainline");
    rig.create(1);
    const bo = rig.bo(1);
    const mapping = rig.call(rig.driver.cpu?.map(rig.file(), 1) as never) as CpuMapping;
    expect(rig.call(rig.driver.cpu?.touch(mapping) as never)).toBe(0);
    expect([bo.pages, mapping.present, bo.pins]).toEqual(["resident", true, 0]);
    rig.closeBo(1);
    expect(bo.refs).toBe(1);
    rig.call(rig.driver.shrink?.(65536) as never);
    expect([bo.pages, mapping.present]).toEqual(["evicted", false]);
    expect(rig.call(rig.driver.cpu?.touch(mapping) as never)).toBe(0);
    expect(bo.pages).toBe("resident");
    mapping.unmap();
    expect(bo.refs).toBe(0);
    expect(rig.hazards).toEqual([]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("answers with SIGBUS where the contents were given up, and is refused for what came from elsewhere", () => {
    const rig = new Rig("mainline");
    rig.create(1);
    rig.ask({ op: "prime_import", bo: 2, size: 65536, fresh: true });
    const map = (handle: number): CpuMapping | Errno =>
      rig.call(rig.driver.cpu?.map(rig.file(), handle) as never);
    expect(map(2)).toBe(-EINVAL);
    const mapping = map(1) as CpuMapping;
    rig.ask({ op: "madvise", bo: 1, willneed: false });
    expect(rig.call(rig.driver.cpu?.touch(mapping) as never)).toBe(-EFAULT);
    mapping.unmap();
  });
});

describe("the display's addresses", () => {
  it("run out: what does not fit into 4 GiB cannot be shown, and is left as it was", () => {
    const rig = new Rig("mainline");
    for (const bo of [1, 2]) rig.create(bo, 0, 0x20000, 3 * GIB);
    const show = (bo: number) => rig.call(rig.driver.scanout?.prepareFb(rig.bo(bo)) as never);
    expect([show(1), show(2)]).toEqual([0, -ENOSPC]);
    expect([rig.bo(2).pins, rig.bo(2).ptes]).toEqual([0, 0]);
    rig.call(rig.driver.scanout?.cleanupFb(rig.bo(1)) as never);
    // The mapping stays for the next flip: only its last handle gives the addresses back.
    expect(show(2)).toBe(-ENOSPC);
    rig.closeBo(1);
    expect(show(2)).toBe(0);
    rig.call(rig.driver.scanout?.cleanupFb(rig.bo(2)) as never);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("syncobjs", () => {
  it("a bind waits for a point of a timeline, and work for the point that the bind signals", () => {
    const rig = new Rig("vm-bind", { watch: true });
    rig.vmBind();
    for (const bo of [1, 2]) rig.create(bo);
    rig.bind([{ bo: 1, va: BASE }]);
    rig.pass(MS);
    const submit = (...syncOps: { handle: number; wait: boolean; point?: number }[]) =>
      rig.ask({ op: "submit", bos: [], writes: [], cmds: 1, flags: 0x8000_0000, syncOps });
    const op: BindOp = { kind: "map", bo: 2, boOffset: 0, va: BASE, length: 65536, flags: 0 };
    expect(submit({ handle: 1, wait: true, point: 1 })).toBe(-ENOENT);
    expect(submit({ handle: 1, wait: false, point: 1 })).toBe(-EINVAL);
    expect(rig.ask({ op: "syncobj_create", syncobj: 1 })).toBe(0);
    expect(submit({ handle: 1, wait: true, point: 1 })).toBe(-EINVAL);
    expect(submit({ handle: 1, wait: false, point: 1 })).toBe(0);
    const syncOps = [
      [
        { handle: 1, wait: true, point: 1 },
        { handle: 1, wait: false, point: 2 },
      ],
    ];
    expect(rig.ask({ op: "vm_bind", queue: 9, in: 0, out: 0, ops: [op], syncOps })).toBe(0);
    expect(submit({ handle: 1, wait: true, point: 2 })).toBe(0);
    rig.pass(MS);
    // The first job runs: what it uses is mapped as it was.
    expect([rig.bo(1).ptes, rig.bo(2).ptes]).toEqual([16, 0]);
    rig.pass(10 * MS);
    expect([rig.bo(1).ptes, rig.bo(2).ptes]).toEqual([0, 16]);
    rig.pass(20 * MS);
    expect(rig.driver.ringCounts().executed).toBe(2);
    expect(rig.hazards).toEqual([]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("a point is reached when all before it are; a binary one has the last fence", () => {
    const { machine } = new Rig("vm-bind");
    const [a, b, c] = [1, 2, 3].map((n) => machine.fence(n, 1)) as [DmaFence, DmaFence, DmaFence];
    const syncobjs = new Map([1, 2, 3].map((n) => [n, new SyncObj(`syncobj ${n}`)]));
    const signal = (fence: DmaFence, handle: number, point?: number) =>
      processPostDeps(machine.dev, syncobjs, [{ handle, wait: false, ...(point ? { point } : {}) }], fence);
    signal(a, 1, 2);
    signal(b, 1, KIB4);
    signal(b, 2);
    signal(c, 2);
    const wait = (handle: number, point = 0, reset = false) =>
      findFences(syncobjs, [{ handle, wait: true, point, reset }]);
    const [two] = wait(1, 1) as [DmaFence];
    const [later] = wait(1, 3) as [DmaFence];
    b.signal();
    expect([two.signaled, later.signaled]).toEqual([false, false]);
    a.signal();
    expect([two.signaled, later.signaled]).toEqual([true, true]);
    expect(wait(1, KIB4 + 1)).toBe(-EINVAL);
    expect(wait(2)).toEqual([c]);
    expect(wait(3)).toBe(-EINVAL);
    processPostDeps(machine.dev, syncobjs, [{ handle: 2, wait: true, reset: true }], a);
    expect(wait(2)).toBe(-EINVAL);
  });
});
