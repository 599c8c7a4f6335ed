import { ECANCELED, ENODEV } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import type { NouveauCli } from "../src/cli.ts";
import { gem, INIT, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const VA = 0x10000;
const SECOND = 1e9;
const channel = (id: number): Line => ({ op: "channel_new", channel: id });
const exec = (id: number): Line => ({ op: "exec", channel: id, push: [[VA, 64]] });

/** A program with a mapped buffer and channels, on a machine whose timeouts run. */
class Hanging extends Script {
  constructor(channels: readonly number[], jobNs = 1e7) {
    super("vm-bind", { audit: true, lockdep: true, watch: true, timeouts: true, jobNs });
    this.run(INIT, gem(1, K4, 4), ...channels.map(channel), map(1, VA, K4));
  }

  hang(): void {
    this.replay.driver.gpu?.hang();
  }

  /** Modelled seconds. */
  get s(): number {
    return this.replay.machine.now / SECOND;
  }

  advance(s: number): void {
    const { machine } = this.replay;
    machine.advanceTo(machine.now + s * SECOND);
    machine.settle();
  }

  /** Errors of the fences in the VM's dma_resv that have signalled; `pending` for those that have not. */
  get fences(): (number | "pending")[] {
    const uvmm = (this.replay.file(0) as NouveauCli).uvmm;
    return uvmm?.vm.resv.all.map(({ error, signaled }) => (signaled ? error : "pending")) ?? [];
  }
}

describe("a job that hangs", () => {
  it("is cancelled after 10 s with all that its channel has, which takes no more", () => {
    const script = new Hanging([1]);
    script.hang();
    expect(script.run(exec(1), exec(1))).toEqual([0, 0]);
    script.advance(9.9);
    expect(script.fences).toEqual(["pending"]);
    expect(script.run(exec(1))).toEqual([0]);
    // Each job that begins starts the time anew.
    script.advance(9.9);
    expect(script.fences).toEqual(["pending"]);
    script.advance(0.2);
    expect(script.fences).toEqual([-ECANCELED]);
    expect(script.run(exec(1))).toEqual([-ENODEV]);
    expect(script.replay.machine.hazards).toEqual([]);
  });

  it("leaves what is mapped alone, and a bind is no business of it", () => {
    const script = new Hanging([1]);
    script.hang();
    script.run(exec(1));
    expect(script.run(gem(2, K4, 4), map(2, 2 * VA, K4), unmap(2 * VA, K4))).toEqual([0, 0, 0]);
    expect(script.s).toBe(0);
    script.advance(11);
    script.replay.close(0);
    script.replay.finish();
    expect(script.replay.machine.hazards).toEqual([]);
  });

  it("holds the end of the file up until then, and no longer", () => {
    const script = new Hanging([1]);
    script.hang();
    script.run(exec(1), exec(1));
    script.replay.close(0);
    expect(script.s).toBe(10);
    script.replay.finish();
    expect(script.replay.machine.hazards).toEqual([]);
  });

  it("costs its channel alone: the hardware wants to switch, cannot, and gives it up", () => {
    const script = new Hanging([1, 2]);
    script.hang();
    script.run(exec(1), exec(1));
    script.advance(5);
    expect(script.fences).toEqual(["pending"]);
    script.run(exec(2));
    script.advance(1.1);
    expect(script.run(exec(1), exec(2))).toEqual([-ENODEV, 0]);
    script.replay.machine.quiesce();
    expect(script.fences.every((error) => error === 0 || error === -ENODEV)).toBe(true);
    expect(script.replay.machine.hazards).toEqual([]);
  });
});

describe("a job that takes long", () => {
  it("and hangs not, is cancelled as well; one behind it that has not begun is not done", () => {
    const script = new Hanging([1], 12 * SECOND);
    // 511 credits each: the ring takes two at a time.
    const long = { ...exec(1), push: Array.from({ length: 510 }, () => [VA, 64] as const) } as Line;
    expect(script.run(long, long, long)).toEqual([0, 0, 0]);
    script.advance(10.5);
    expect(script.fences).toEqual([-ENODEV]);
    const channels = (script.replay.file(0) as NouveauCli).channels;
    expect(channels.get(1)?.sched.empty).toBe(true);
    expect(channels.get(1)?.sched.credits).toBe(1023);
    expect(script.replay.machine.hazards).toEqual([]);
  });
});

describe("work by PUSHBUF", () => {
  it("that hangs holds the end of the file up for 15 s, and its channel goes with it", () => {
    const script = new Script("vm-bind", { audit: true, lockdep: true, watch: true, timeouts: true });
    const submit: Line = { op: "submit", channel: 1, bos: [1], writes: [0], cmds: 1 };
    script.run(gem(1, K4, 4), channel(1));
    script.replay.driver.gpu?.hang();
    expect(script.run(submit, submit)).toEqual([0, 0]);
    script.replay.close(0);
    expect(script.replay.machine.now).toBe(15 * SECOND);
    script.replay.finish();
    expect(script.replay.machine.hazards).toEqual([]);
  });

  it("that hangs costs its channel when another has work, also such as waits for it", () => {
    const script = new Script("vm-bind", { audit: true, lockdep: true, watch: true, timeouts: true });
    const submit = (id: number, bo: number): Line => ({
      op: "submit",
      channel: id,
      bos: [bo],
      writes: [0],
      cmds: 1,
    });
    script.run(gem(1, K4, 4), gem(2, K4, 4), channel(1), channel(2));
    script.replay.driver.gpu?.hang();
    expect(script.run(submit(1, 1), submit(2, 1), submit(2, 2))).toEqual([0, 0, 0]);
    const { machine } = script.replay;
    machine.advanceTo(0.9 * SECOND);
    expect(machine.counts.gpuJobs).toBe(2);
    machine.advanceTo(1.5 * SECOND);
    expect(script.run(submit(1, 1), submit(2, 1))).toEqual([-ENODEV, 0]);
    machine.quiesce();
    const { handles } = script.replay.file(0);
    expect([...handles.values()].map(({ resv }) => resv.pending().length)).toEqual([0, 0]);
    script.replay.finish();
    expect(machine.hazards).toEqual([]);
  });
});
