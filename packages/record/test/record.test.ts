import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadTrace } from "@gpuvm/trace/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  buildLibrary,
  convertLogs,
  findProgram,
  numbered,
  RecordError,
  whyNotWatched,
} from "../src/node/index.ts";
import { Bench, skipped } from "./stand-in.ts";

const expected = (name: string): string => fileURLToPath(new URL(`expected/${name}.jsonl`, import.meta.url));
const write = process.env["GPUVM_WRITE_EXPECTED"] === "1";

if (skipped !== undefined) it.skip(`recording, because ${skipped}`, () => {});

describe.skipIf(skipped !== undefined)("a recorded program", () => {
  const bench = new Bench();
  beforeAll(() => bench.build());
  afterAll(() => bench.remove());

  function same(file: string, name: string): void {
    if (write) copyFileSync(file, expected(name));
    expect(readFileSync(file, "utf8")).toBe(readFileSync(expected(name), "utf8"));
  }

  it.each([
    [
      "msm-list",
      ["msm ioctl 0x5f"],
      ["msm GEM_NEW refused with errno 22", "msm GEM_CLOSE refused with errno 22"],
    ],
    ["msm-bind", [], []],
    ["nouveau-list", [], ["nouveau CHANNEL_FREE, which has no event in a trace"]],
    ["nouveau-bind", [], []],
    ["xe", ["xe MADVISE"], []],
    ["panthor", [], ["panthor VM_BIND refused with errno 22"]],
    ["syncobjs", [], ["msm SYNCOBJ_DESTROY refused with errno 22"]],
    ["powervr", [], ["powervr DESTROY_HWRT_DATASET, which has no event in a trace"]],
  ])("has every call of %s, byte for byte", async (name, missing, notes) => {
    const recording = await bench.record([name]);
    expect(recording.code).toBe(0);
    expect(recording.traces.map(({ file }) => file)).toEqual([join(bench.folder, "out.jsonl")]);
    expect(recording.missing).toEqual(missing.map((what) => `once: ${what}`));
    expect(recording.notes).toEqual(notes.map((what) => `once: ${what}`));
    same(join(bench.folder, "out.jsonl"), name);
    const { warnings } = await loadTrace(join(bench.folder, "out.jsonl"));
    expect(warnings).toEqual([]);
  });

  it("follows descriptors, two files and a dma-buf between them", async () => {
    const recording = await bench.record(["descriptors"]);
    expect(recording.missing).toEqual([]);
    same(join(bench.folder, "out.jsonl"), "descriptors");
  });

  it("has a trace for each process, and says what a child did with its parent's file", async () => {
    const recording = await bench.record(["fork"]);
    expect(recording.traces.map(({ driver, file }) => [driver, file])).toEqual([
      ["msm", join(bench.folder, "out.jsonl")],
      ["xe", join(bench.folder, "out-2.jsonl")],
    ]);
    expect(recording.missing).toContain("once: gem_new on a DRM file that was opened by the parent process");
    expect(recording.processes.map(({ how }) => how)).toEqual(["start", "fork"]);
    same(join(bench.folder, "out.jsonl"), "fork");
    const { requests } = await loadTrace(join(bench.folder, "out-2.jsonl"));
    expect(requests.at(-1)?.op).toBe("close");
  });

  it("leaves children alone with pidOnly", async () => {
    const recording = await bench.record(["fork"], { pidOnly: true });
    expect(recording.traces.map(({ driver }) => driver)).toEqual(["msm"]);
    expect(recording.missing).toEqual([]);
  });

  it("is not confused by a child of vfork, which shares its memory", async () => {
    const recording = await bench.record(["vfork"]);
    expect(recording.traces).toHaveLength(1);
    expect((await loadTrace(join(bench.folder, "out.jsonl"))).requests.map(({ op }) => op)).toEqual([
      "gem_new",
      "gem_new",
      "close",
    ]);
  });

  it("has both of a program that becomes another one", async () => {
    const recording = await bench.record(["exec"]);
    expect(recording.traces.map(({ file }) => file)).toEqual([
      join(bench.folder, "out.jsonl"),
      join(bench.folder, "out-2.jsonl"),
    ]);
    const first = await loadTrace(join(bench.folder, "out.jsonl"));
    expect(first.requests.at(-1)).toMatchObject({ op: "end", why: expect.stringContaining("exec") });
    const second = await loadTrace(join(bench.folder, "out-2.jsonl"));
    expect(second.requests.some(({ op }) => op === "enable_vm_bind")).toBe(true);
  });

  it("has every call of four threads that take and give back the same handles", async () => {
    const recording = await bench.record(["threads"]);
    expect(recording.missing).toEqual([]);
    const { requests } = await loadTrace(join(bench.folder, "out.jsonl"));
    const count = (op: string): number => requests.filter((request) => request.op === op).length;
    expect([count("gem_new"), count("gem_close"), count("close")]).toEqual([2000, 2000, 1]);
  });

  it("is readable when the program was killed, and says that it was", async () => {
    const recording = await bench.record(["killed"]);
    expect(recording.signal).toBe("SIGKILL");
    same(join(bench.folder, "out.jsonl"), "killed");
  });

  it("ends where --max-seconds and --max-mb say, and the program does not", async () => {
    const time = await bench.record(["rounds", "100"], { maxSeconds: 3600, jump: 50 });
    expect(time.code).toBe(0);
    expect((await loadTrace(join(bench.folder, "out.jsonl"))).requests.at(-1)).toMatchObject({
      op: "end",
      why: expect.stringContaining("--max-seconds"),
    });
    const size = await bench.record(["rounds", "1000"], { maxMegabytes: 0.02 });
    expect(size.code).toBe(0);
    const { requests } = await loadTrace(join(bench.folder, "out.jsonl"));
    expect(requests.at(-1)).toMatchObject({ op: "end", why: expect.stringContaining("--max-mb") });
    expect(requests.length).toBeGreaterThan(100);
    expect(requests.length).toBeLessThan(2000);
  });

  it("goes on in a log that outgrows its window", async () => {
    await bench.record(["rounds", "20000"]);
    const { requests } = await loadTrace(join(bench.folder, "out.jsonl"));
    expect(requests).toHaveLength(40_001);
  });

  it("counts and names the requests of a driver that is none of the five", async () => {
    const recording = await bench.record(["amdgpu"]);
    expect(recording.traces).toEqual([]);
    expect(recording.drivers).toEqual(["amdgpu"]);
    expect(recording.missing[0]).toBe("once: amdgpu ioctl 0x43 (not a driver that can be recorded)");
  });

  it("makes traces of logs that were left, also of one that is cut off in a line", async () => {
    const logs = join(bench.folder, "logs");
    mkdirSync(logs);
    writeFileSync(join(logs, "processes"), '{"pid":7,"parent":1,"how":"start","exe":"/usr/bin/game"}\n');
    const lines = [
      '{"t":10,"op":"file","f":1,"driver":"powervr"}',
      '{"t":20,"op":"gem_new","f":1,"bo":3,"size":4096,"flags":0}',
      '{"t":30,"op":"cpu_map","f":1,"bo":9}',
      '{"t":40,"op":"gem_cl',
    ];
    writeFileSync(join(logs, "7.1.log"), `${lines.join("\n")}${"\0".repeat(5000)}`);
    const out = join(bench.folder, "left.jsonl");
    const recording = await convertLogs(logs, { out });
    expect(recording.traces).toMatchObject([{ program: "game", pid: 7, events: 2, boCount: 1 }]);
    expect(recording.missing).toEqual(["once: cpu_map of a handle whose beginning was not seen"]);
    expect(recording.notes).toEqual(["once: a line that was being written when the process ended"]);
    expect((await loadTrace(out)).requests.map(({ op }) => op)).toEqual(["gem_new", "end"]);
    await expect(convertLogs(join(logs, "nowhere"), { out })).rejects.toThrow(/there is no folder/);
  });

  it("does not run where its trace could not be written", async () => {
    const out = join(bench.folder, "no", "such", "folder.jsonl");
    await expect(bench.record(["msm-list"], { out })).rejects.toThrow(/folder\.jsonl can't be written/);
  });

  it("may be without DRM, and may fail", async () => {
    const idle = await bench.record(["nothing"]);
    expect([idle.traces, idle.drivers, idle.processes.length]).toEqual([[], [], 1]);
    const failing = await bench.record(["failing"]);
    expect(failing.code).toBe(7);
    expect(failing.traces).toHaveLength(1);
  });

  it("is refused where nothing can be preloaded", async () => {
    const script = join(bench.folder, "script");
    writeFileSync(script, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    expect(whyNotWatched(bench.program)).toBeUndefined();
    expect(whyNotWatched(script)).toBeUndefined();
    const foreign = join(bench.folder, "foreign");
    const elf = readFileSync(bench.program);
    elf[4] = 1;
    writeFileSync(foreign, elf, { mode: 0o755 });
    await expect(bench.record([], { out: "never" }).then(() => whyNotWatched(foreign))).resolves.toContain(
      "another machine",
    );
    expect(existsSync("never")).toBe(false);
  });
});

describe.skipIf(skipped !== undefined)("before a program runs", () => {
  const bench = new Bench();
  afterAll(() => bench.remove());

  it("a static one is told of", (context) => {
    let program: string;
    try {
      program = bench.compile("static", ["-static"]);
    } catch {
      return context.skip("no static C library here");
    }
    expect(whyNotWatched(program)).toContain("linked statically");
    return undefined;
  });

  it("one that is not there is told of", () => {
    expect(() => findProgram("no-such-program-at-all")).toThrow(RecordError);
  });

  it("a compiler that is not there is told of, once", () => {
    const cache = join(bench.folder, "cache");
    mkdirSync(cache);
    expect(() => buildLibrary(cache, { ...process.env, CC: "/nowhere/cc" })).toThrow(
      /no C compiler "\/nowhere\/cc"/,
    );
  });

  it("the library is built once", () => {
    const cache = join(bench.folder, "cache-2");
    const first = buildLibrary(cache);
    expect(buildLibrary(cache)).toBe(first);
  });
});

it("numbers the traces of more than one process", () => {
  expect([1, 2].map((n) => numbered("a/b.jsonl.gz", n))).toEqual(["a/b.jsonl.gz", "a/b-2.jsonl.gz"]);
  expect([numbered("x", 3), numbered("x.gz", 3)]).toEqual(["x-3", "x-3.gz"]);
});
