import { EINVAL, ENODEV } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import type { NouveauCli } from "../src/cli.ts";
import { gem, INIT, type Line, map, Script } from "./script.ts";

const K4 = 4096;
const CHANNEL: Line = { op: "channel_new", channel: 1 };
const EXEC: Line = { op: "exec", channel: 1, push: [[K4, 64]] };

/** Which lock was taken under which, by class. */
function orders(script: Script, ...lines: Line[]): Set<string> {
  const seen = new Set<string>();
  const { lockdep } = script.replay.machine.dev;
  if (lockdep === null) throw new Error("no lockdep");
  lockdep.onOrder = (before, after) => seen.add(`${before} -> ${after}`);
  script.run(...lines);
  return seen;
}

describe("an EXEC", () => {
  it("holds the client's mutex, the channel's scheduler's, the VM's, and the locks of what it uses", () => {
    const script = new Script();
    const seen = orders(script, INIT, gem(1, K4, 4), CHANNEL, map(1, 0x10000, K4), EXEC);
    expect(seen).toContain("nouveau_cli.mutex -> nouveau_sched.mutex");
    expect(seen).toContain("nouveau_sched.mutex -> nouveau_uvmm.mutex");
    expect([...seen].some((order) => order.startsWith("nouveau_uvmm.mutex -> "))).toBe(true);
    expect(script.hazards).toEqual([]);
  });

  it("takes four locks and those of the VM and its external objects", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4, 4), CHANNEL, map(1, 0x10000, K4), EXEC);
    expect(script.replay.machine.counts.submitLocks.max).toBe(3 + 2);
  });

  it("refuses too many command buffers, a too long one, and a channel that was killed", () => {
    const script = new Script();
    script.run(INIT, CHANNEL);
    const many = Array.from({ length: 511 }, () => [K4, 64] as const);
    expect(script.run({ ...EXEC, push: many } as Line)).toEqual([-EINVAL]);
    expect(script.run({ ...EXEC, push: [[K4, 2 ** 23]] } as Line)).toEqual([-EINVAL]);
    const channel = (script.replay.file(0) as NouveauCli).channels.get(1);
    if (channel !== undefined) channel.timeline.killed = true;
    expect(script.run(EXEC)).toEqual([-ENODEV]);
  });

  it("that has not begun is cancelled when the file closes; a bind is waited for", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4, 4), CHANNEL, map(1, 0x10000, K4), EXEC);
    const waiting: Line = { ...EXEC, in: 1 } as Line;
    const bind: Line = { ...map(1, 0x20000, K4), async: true, in: 1 } as Line;
    script.run(bind, waiting, waiting);
    script.replay.close(0);
    const { counts } = script.replay.machine;
    expect(counts.gpuJobs).toBe(1);
    expect(counts.ptMaps).toBe(4);
    script.replay.finish();
    expect(script.hazards).toEqual([]);
  });
});

describe("a synchronous bind", () => {
  it("has no syncobjs", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4, 4));
    const sync = (more: object): Line => ({ ...map(1, 0x10000, K4), ...more }) as Line;
    expect(script.run(sync({ in: 1 }), sync({ out: 1 }), sync({ async: true, out: 1 }))).toEqual([
      -EINVAL,
      -EINVAL,
      0,
    ]);
  });
});

describe("a PUSHBUF", () => {
  it("waits on the GPU for another channel's work, and in the call for an EXEC of another file", () => {
    const script = new Script("legacy");
    const submit = (channel: number): Line => ({ op: "submit", channel, bos: [1], writes: [0], cmds: 1 });
    script.run(gem(1, K4, 4), CHANNEL, { op: "channel_new", channel: 2 }, submit(1), submit(2));
    const { machine } = script.replay;
    expect(machine.now).toBe(0);
    machine.quiesce();
    expect(machine.now).toBe(20_000_000);
    const file = script.replay.file(0);
    const dmaBuf = script.replay.driver.prime?.exportBo(file, 1) ?? null;
    script.run({ ...INIT, f: 1 }, { ...CHANNEL, f: 1 });
    machine.call(script.replay.driver.prime?.importBo(script.replay.file(1), dmaBuf as never, 9) as never);
    script.run({ ...map(9, 0x10000, K4), f: 1 }, { ...EXEC, f: 1 });
    const before = machine.now;
    script.run(submit(1));
    expect(machine.now).toBe(before + 10_000_000);
  });
});

describe("an object", () => {
  it("is whole pages of its own size", () => {
    const script = new Script();
    script.run(INIT, gem(1, 5 * 2 ** 20, 2), gem(2, 5 * 2 ** 20, 6), gem(3, 0x11000, 2));
    expect([...script.replay.file(0).handles.values()].map(({ size }) => size)).toEqual([
      6 * 2 ** 20,
      5 * 2 ** 20,
      0x20000,
    ]);
  });
});
