import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UsageError } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type MicroArgs, runMicro } from "../src/commands/micro.ts";
import { Checksum } from "../src/micro/checksum.ts";
import { CoreSubject } from "../src/micro/core-subject.ts";
import { needPackages, PACKAGES } from "../src/micro/peers/installed.ts";
import { SUBJECTS, subjectNamed } from "../src/micro/peers/subjects.ts";
import { CASES, type MicroCase, runWorkload } from "../src/micro/workload.ts";

/** Nothing here depends on a clock. */
const now = () => 0;

/** What the kernel's C code answers for 5,000 mappings, 40,000 ops, seed 1: checksum, full checksum. */
const QUICK: Record<MicroCase, readonly [string, string?]> = {
  insert: ["224a757d", "75f41d08"],
  hole: ["62d215a5", "66c0eaf9"],
  replace: ["37e93785", "5acc266b"],
  split: ["eab2afb5", "89d61513"],
  churn: ["8eecfe45", "0e9f3145"],
  find: ["5c41a155"],
  "find-miss": ["c416645f"],
  iterate: ["ff0b6b65"],
};

const quick = (c: MicroCase) => ({ case: c, n: 5000, ops: 40_000, seed: 1 });

describe.each(["ops", "cb"] as const)("the core in mode %s", (mode) => {
  it.each(CASES)("does in %s what the C code does", (c) => {
    const subject = new CoreSubject(mode, new Checksum(true));
    runWorkload(subject, quick(c), now);
    const [short, full] = QUICK[c];
    expect(subject.sum.short).toBe(short);
    if (full !== undefined) expect(subject.sum.full).toBe(full);
    expect(subject.live()).toBe(5000);
    expect(subject.vm.index.check()).toEqual([]);
  });

  it("comes to other checksums with another seed", () => {
    const subject = new CoreSubject(mode, new Checksum(true));
    runWorkload(subject, { ...quick("split"), seed: 2 }, now);
    expect(subject.sum.short).not.toBe(QUICK.split[0]);
    expect(subject.sum.full).not.toBe(QUICK.split[1]);
  });
});

describe.each(SUBJECTS)("%s, for the comparison", (name) => {
  it.each(CASES)("does the same in %s", (c) => {
    const subject = subjectNamed(name);
    runWorkload(subject, quick(c), now);
    expect(subject.sum.short).toBe(QUICK[c][0]);
    expect(subject.live()).toBe(5000);
  });
});

describe("growth", () => {
  it("does not depend on the number of mappings as a list's would", { timeout: 60_000 }, () => {
    // Blocks of code that are entered are counted, not time: the same on every machine and under any load.
    const script = fileURLToPath(new URL("work-done.ts", import.meta.url));
    const plain = ["--no-opt", "--no-maglev", "--no-sparkplug", "--conditions=@gpuvm/source"];
    const counted = JSON.parse(execFileSync(process.execPath, [...plain, script], { encoding: "utf8" }));
    const times = ([few, many]: [number, number]) => many / few;
    expect(times(counted.core)).toBeGreaterThan(0.5);
    // Thirty-two times as many mappings: a level of nodes more at most.
    expect(times(counted.core)).toBeLessThan(2);
    expect(times(counted.list)).toBeGreaterThan(20);
  });

  it("holds a mapping in half of what the C code takes", () => {
    const subject = new CoreSubject("ops", new Checksum(false));
    runWorkload(subject, { case: "insert", n: 200_000, ops: 0, seed: 4 }, now);
    expect(subject.vm.bytes / 200_000).toBeLessThan(64);
  });

  it("keeps its memory over a long run", () => {
    const subject = new CoreSubject("ops", new Checksum(false));
    runWorkload(subject, { case: "churn", n: 5000, ops: 20_000, seed: 5 }, now);
    const { bytes } = subject.vm;
    const again = new CoreSubject("ops", new Checksum(false));
    runWorkload(again, { case: "churn", n: 5000, ops: 1_000_000, seed: 5 }, now);
    expect(again.vm.bytes).toBeLessThan(bytes * 1.2);
  });
});

describe("gpuvm-bench micro", () => {
  const args: MicroArgs = {
    case: ["replace", "find"],
    n: [1000],
    ops: 10_000,
    seed: 1,
    mode: "ops",
    runs: 5,
    json: true,
    full: true,
    peers: false,
    native: false,
  };
  const run = async (more: Partial<MicroArgs>) => {
    let text = "";
    const code = await runMicro({ ...args, ...more }, (s) => {
      text += s;
    });
    return { code, text };
  };

  it("gives one JSON object per line", { timeout: 30_000 }, async () => {
    const { code, text } = await run({});
    expect(code).toBe(0);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((l) => [l["case"], l["mode"], l["n"], l["ops"], l["live"]])).toEqual([
      ["replace", "ops", 1000, 10_000, 1000],
      ["find", "ops", 1000, 10_000, 1000],
    ]);
    for (const l of lines) {
      expect(Number(l["min"])).toBeLessThanOrEqual(Number(l["nsPerOp"]));
      expect(Number(l["nsPerOp"])).toBeLessThanOrEqual(Number(l["max"]));
      expect(l["checksum"]).toMatch(/^[0-9a-f]{8}$/);
      expect(l["full"]).toMatch(/^[0-9a-f]{8}$/);
      expect(Number(l["bytesPerVa"])).toBeGreaterThan(40);
    }
    expect(lines[0]?.["steps"]).toBe(20_000);
  });

  it("shows a table with the documented figures beside it", { timeout: 30_000 }, async () => {
    const { code, text } = await run({ json: false, case: ["insert"], full: false });
    expect(code).toBe(0);
    expect(text).toContain("e44b8e2d ok");
    expect(text).toContain("another machine");
  });

  it("refuses what it cannot do", async () => {
    await expect(run({ runs: 4 })).rejects.toThrow(UsageError);
    await expect(run({ case: ["hole"], ops: 1500 })).rejects.toThrow(UsageError);
  });
});

describe("--peers", () => {
  it("names the packages that it takes, and how to get them", () => {
    expect(() => needPackages(() => true)).not.toThrow();
    expect(() => needPackages((name) => name !== "js-sdsl")).toThrow(/npm install js-sdsl$/);
    expect(SUBJECTS.slice(1)).toEqual(PACKAGES);
  });
});

describe("how far it is", () => {
  it("is told before each run, and before each kind is warmed up", async () => {
    const told: string[] = [];
    const work = { case: ["find" as const], n: [200], ops: 1000, seed: 1, runs: 5 };
    const args: MicroArgs = { ...work, mode: "ops", json: true, full: false, peers: false, native: false };
    await runMicro(
      args,
      () => {},
      (done, what) => told.push(`${done} ${what}`),
    );
    expect(told).toEqual(["0 warming up find", ...[0, 1, 2, 3, 4].map((n) => `${n} find, 200 mappings`)]);
  });
});
