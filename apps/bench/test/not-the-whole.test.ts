/** What a command says, and answers, when it could not use all of its input. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Results } from "@gpuvm/results";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { benchIn } from "./in-process.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let dir = "";

async function bench(args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const { code, out, err } = await benchIn(dir, ...args);
  return { status: code, stdout: out, stderr: err };
}

/** With something on standard input: in a process of its own. */
function piped(args: readonly string[], input: string) {
  const node = ["--conditions=@gpuvm/source", MAIN];
  return spawnSync(process.execPath, [...node, ...args], { cwd: dir, encoding: "utf8", input });
}

const at = (t: number, what: string): string => `   a-1   [000]   ${t}.000000: ${what}\n`;
const CREATE = at(1, "xe_vm_create: dev=d, vm=00000000aaaa0001, asid=0x00005, vm flags=0x00001");
const bind = (t: number, start: string, end: string): string =>
  at(
    t,
    `xe_vma_bind: dev=d, vma=00000000bbbb0001, vm=00000000aaaa0001, asid=0x00005, start=${start}, end=${end}, userptr=0x0`,
  );
const BIND = bind(2, "0x000000100000", "0x0000001fffff");
const FREE = at(9, "xe_vm_free: dev=d, vm=00000000aaaa0001, asid=0x00005, vm flags=0x00001");

const FILES: Readonly<Record<string, string>> = {
  "whole.txt": CREATE + BIND + FREE,
  "lost.txt": `${CREATE + BIND}CPU:1 [LOST 40 EVENTS]\n${FREE}`,
  "unread.txt": CREATE + BIND + at(3, "xe_of_the_future: x=y") + FREE,
  "sparse.txt": CREATE + bind(2, "0x001000000000", "0x004fffffffff") + FREE,
  "memory.txt":
    at(1, "gpu_mem_total: gpu_id=0 pid=12 size=4096") + at(2, "gpu_mem_total: gpu_id=0 pid=12 size=8192"),
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "gpuvm-whole-"));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(dir, name), text);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const COMMANDS = (file: string): readonly (readonly string[])[] => [
  ["lint", file],
  ["import", file],
  ["export", file, "--format", "csv"],
  ["run", "--trace", file, "--policy", "xe"],
];

describe.each([
  ["lost.txt", /40 events were lost/],
  ["unread.txt", /xe_of_the_future/],
])("%s", (file, words) => {
  it.each(COMMANDS(file))("%s says so and answers 4", async (...args) => {
    const { status, stdout, stderr } = await bench(args.filter((word) => word !== undefined));
    expect(stdout + stderr).toMatch(words);
    expect(stdout).not.toMatch(/Nothing is left behind/);
    expect(status).toBe(4);
  });
});

it("the report has no verdict over lost events", async () => {
  const { status } = await bench(["run", "--trace", "lost.txt", "--policy", "xe", "--report", "lost.html"]);
  expect(status).toBe(4);
  const html = readFileSync(join(dir, "lost.html"), "utf8");
  expect(html).not.toMatch(/nothing is left behind/i);
  expect(html).toMatch(/No verdict on what is left behind.*40 events were lost at line 3/);
});

it.each(COMMANDS("whole.txt"))("of a whole trace %s answers 0", async (...args) => {
  expect((await bench(args.filter((word) => word !== undefined))).status).toBe(0);
});

it("a policy that can't hold a trace goes without; the others stand", async () => {
  const { status, stdout, stderr } = await bench(["run", "--trace", "sparse.txt", "--format", "json"]);
  expect(status).toBe(4);
  const { runs, refusals } = JSON.parse(stdout) as Results;
  expect(runs.map((run) => run.policy).sort()).toEqual(["msm", "nouveau", "panthor", "xe"]);
  expect(refusals).toMatchObject([{ trace: "sparse.txt", subject: "powervr:mainline" }]);
  expect(stderr).toMatch(/^powervr:mainline cannot hold sparse\.txt: .*\n$/);
  const alone = await bench(["export", "sparse.txt", "--policy", "powervr", "--format", "chrome"]);
  expect([alone.status, alone.stdout]).toEqual([2, ""]);
  expect(alone.stderr).toMatch(/^powervr:mainline cannot hold .*\n$/);
});

it("more open buffers than the limit are refused with the flag that raises it", async () => {
  const two =
    CREATE + BIND + bind(3, "0x000000200000", "0x0000002fffff").replace("bbbb0001", "bbbb0002") + FREE;
  writeFileSync(join(dir, "two.txt"), two);
  const run = ["run", "--trace", "two.txt", "--policy", "xe", "--max-buffers"];
  expect((await bench([...run, "2"])).status).toBe(0);
  const { status, stderr } = await bench([...run, "1"]);
  expect(status).toBe(4);
  expect(stderr).toMatch(/more than 1 buffers are open at once; --max-buffers raises the limit/);
});

it("a trace of nothing is no clean one", async () => {
  for (const args of [
    ["run", "--trace", "memory.txt"],
    ["import", "memory.txt"],
  ]) {
    const { status, stdout, stderr } = await bench(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/nothing to replay/);
  }
});

it("amounts of memory keep their time in csv and timelines", async () => {
  const rows = (await bench(["export", "memory.txt", "--format", "csv"])).stdout.split("\n");
  expect(rows[2]).toBe("1000000000,,memory,,,,8192,,,,,,gpu 0 pid 12 gpu total");
  const events = JSON.parse((await bench(["export", "memory.txt", "--format", "chrome"])).stdout) as {
    ph: string;
    ts?: number;
  }[];
  expect(events.flatMap(({ ph, ts }) => (ph === "C" ? [ts] : []))).toEqual([0, 1e6]);
});

it("lint opens a folder, and looks a fault of one file up in another's binds", async () => {
  const folder = join(dir, "hang");
  mkdirSync(folder);
  writeFileSync(join(folder, "vm_fault.log"), "VM fault report.\n\nFailing VM page: 0x800000001000\n");
  const line = (t: number, destroyed: number): string =>
    `timestamp=${t}, VA=0000800000000000-0000800000010000, destroyed=${destroyed}, is_virtual=0\n`;
  writeFileSync(join(folder, "bo_history.log"), line(1, 0) + line(2, 1));
  writeFileSync(join(folder, "pipeline.log"), "shaders\n");
  const { status, stdout, stderr } = await bench(["lint", "hang"]);
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /^hang\/bo_history\.log:2: error: .* \(hang\/vm_fault\.log:3, RADV\), which line 2 unbound/,
  );
  expect(stderr).toMatch(/not read, as they are in no known format: hang\/pipeline\.log/);
  expect((await bench(["import", "hang/vm_fault.log"])).status).toBe(2);
});

it("a kernel log beside dumps or traces adds no requests, and is told of", async () => {
  writeFileSync(
    join(dir, "kernel.txt"),
    "[    2.500000] *** gpu fault: iova=0000000000100000 flags=0 (0,0,0,0)\n",
  );
  const gem = "   flags       id ref  offset   kaddr            size     madv      name\n";
  const object = "00040000: I  0 ( 1) 00100000 0000000000000000 00016384           tex\n";
  writeFileSync(join(dir, "gem.txt"), gem + object);
  for (const file of ["gem.txt", "whole.txt"]) {
    const { status, stdout, stderr } = await bench(["import", file, "kernel.txt"]);
    expect(status, stderr).toBe(0);
    expect(stdout.split("\n").length).toBe((await bench(["import", file])).stdout.split("\n").length);
    expect(stderr).toMatch(/a GPU fault is told of/);
  }
});

it("amounts that a dump tells again and again are a course, not a sum", async () => {
  const block = (mib: number): string =>
    `pos:\t0\ndrm-driver:\txe\ndrm-client-id:\t1\ndrm-total-vram0:\t${mib} MiB\n`;
  writeFileSync(join(dir, "watch.txt"), block(1) + block(3) + block(2));
  const events = JSON.parse((await bench(["export", "watch.txt", "--format", "chrome"])).stdout) as {
    ph: string;
    ts?: number;
    args: { value?: number };
  }[];
  const counters = events.filter(({ ph }) => ph === "C").map(({ ts, args }) => [ts, args.value]);
  expect(counters).toEqual([1, 3, 2].map((mib, i) => [i * 1e6, mib * 2 ** 20]));
  expect((await bench(["export", "watch.txt", "--format", "markdown"])).stdout).toMatch(
    /total, last \| 2\.00 MiB[\s\S]*total, peak \| 3\.00 MiB/,
  );
});

describe("standard input", () => {
  const text = FILES["whole.txt"] as string;
  it.each([
    ["lint", "-"],
    ["import", "-"],
    ["export", "-", "--format", "csv"],
    ["export", "-", "--format", "gpuvas"],
    ["export", "-", "--policy", "xe", "--format", "chrome"],
    ["run", "--trace", "-", "--policy", "xe"],
    ["explain", "-", "--policy", "xe", "--bo", "1"],
  ])("%s %s %s", (...args) => {
    const words = args.filter((word) => word !== undefined);
    const answer = piped(words, text);
    expect([answer.status, answer.stderr]).toEqual([0, expect.not.stringMatching(/Error/)]);
    expect(answer.stdout.length + answer.stderr.length).toBeGreaterThan(10);
    expect(piped(words, "").status).toBe(2);
  });

  it("a gpu-bo-trace, too", async () => {
    await bench(["import", "whole.txt", "-o", "whole.jsonl"]);
    const trace = readFileSync(join(dir, "whole.jsonl"), "utf8");
    expect(piped(["run", "--trace", "-", "--policy", "xe"], trace).status).toBe(0);
    expect(piped(["import", "-"], trace).stdout).toBe(trace);
  });
});

describe.runIf(process.platform === "linux")("a FIFO", () => {
  it.each([
    ["lint", "fifo"],
    ["run", "--trace", "fifo", "--policy", "xe"],
  ])("%s reads it, and one interrupt ends the wait for what doesn't come", async (...args) => {
    const fifo = join(dir, "fifo");
    rmSync(fifo, { force: true });
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    const words = args.filter((word) => word !== undefined);
    const begin = () => spawn(process.execPath, ["--conditions=@gpuvm/source", MAIN, ...words], { cwd: dir });
    const reading = begin();
    const read = await open(fifo, "w");
    await read.write(FILES["whole.txt"] as string);
    await read.close();
    expect(await once(reading, "exit")).toEqual([0, null]);
    const waiting = begin();
    // Resolves when the command has opened it.
    const held = await open(fifo, "w");
    waiting.kill("SIGINT");
    expect(await once(waiting, "exit")).toEqual([130, null]);
    await held.close();
  });
});
