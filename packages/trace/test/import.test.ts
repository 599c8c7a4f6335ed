import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Request } from "@gpuvm/drm-model";
import { describe, expect, test } from "vitest";
import {
  encodeTrace,
  type Imported,
  importFile,
  readTraceSync,
  type Snapshot,
  sniff,
  traceCounts,
} from "../src/node/index.ts";

const dir = fileURLToPath(new URL("../samples/", import.meta.url));

async function load(
  source: string | Uint8Array,
): Promise<{ items: Imported[]; skipped: Record<string, number>; format: string }> {
  const stream = await importFile(typeof source === "string" ? dir + source : [source], { file: "in" });
  const items: Imported[] = [];
  for await (const batch of stream) items.push(...batch);
  return {
    items,
    skipped: Object.fromEntries([...stream.skipped].map(([what, { lines }]) => [what, lines])),
    format: stream.format,
  };
}

const requests = (items: Imported[]): Request[] =>
  items.flatMap((i) => (i.kind === "request" ? [i.request] : []));
const snapshots = (items: Imported[]): Snapshot[] =>
  items.flatMap((i) => (i.kind === "snapshot" ? [i.snapshot] : []));
const lineOf = (items: Imported[], op: string): number | undefined =>
  items.find((i) => i.kind === "request" && i.request.op === op)?.line;

const FORMATS: Record<string, string> = {
  "binding-report.txt": "binding-report",
  "dmesg.txt": "dmesg",
  "fdinfo-grep.txt": "fdinfo",
  "fdinfo-many.txt": "fdinfo",
  "fdinfo.txt": "fdinfo",
  "gpu-bo-trace.jsonl": "gpu-bo-trace",
  "gpuvas-msm.txt": "gpuvas",
  "gpuvas-nouveau.txt": "gpuvas",
  "gpuvas-panthor.txt": "gpuvas",
  "msm-devcoredump.txt": "msm-devcoredump",
  "msm-gem-4.19.txt": "msm-gem",
  "msm-gem-6.17.txt": "msm-gem",
  "msm-gem.txt": "msm-gem",
  "panfrost-gems.txt": "panthor-gems",
  "panthor-gems-2026.txt": "panthor-gems",
  "panthor-gems.txt": "panthor-gems",
  "perf-script.txt": "trace-cmd",
  "radv-bo-history.txt": "radv-bo-history",
  "radv-vm-fault.txt": "binding-report",
  "trace-cmd-xe-6.8.txt": "trace-cmd",
  "trace-cmd-sched.txt": "trace-cmd",
  "trace-cmd-xe.txt": "trace-cmd",
  "tracefs-amdgpu.txt": "trace-cmd",
  "vkd3d-fault.txt": "vkd3d",
  "xe-devcoredump.txt": "xe-devcoredump",
};

test("every sample is told from every other", () => {
  const files = readdirSync(dir).filter((f) => f !== "README.md");
  expect(Object.fromEntries(files.map((f) => [f, sniff(readFileSync(dir + f, "utf8"))]))).toEqual(FORMATS);
  expect(sniff("Dear all,\n\nplease find attached\n")).toBeUndefined();
});

test("an unknown format is an error that lists the known ones", async () => {
  await expect(importFile([Buffer.from("hello\n")], { file: "x" })).rejects.toThrow(
    /^x:1: the format is not known \(it must be one of gpu-bo-trace, gpuvas, /,
  );
  await expect(importFile([], { file: "x" })).rejects.toThrow("x:1: the file is empty");
});

describe("gpuvas", () => {
  test("nouveau: mappings, sparse ones, regions, and a name that looks like bounds", async () => {
    const { items, skipped } = await load("gpuvas-nouveau.txt");
    const found = snapshots(items);
    expect(skipped).toEqual({});
    expect(found.map((s) => s.type)).toEqual([
      "space",
      "mapping",
      "mapping",
      "mapping",
      "region",
      "space",
      "mapping",
      "mapping",
      "mapping",
    ]);
    expect(found[0]).toMatchObject({
      name: "demo-vm",
      start: 0n,
      end: 1n << 48n,
      reservedStart: 0xffff00000000n,
    });
    expect(found[5]).toMatchObject({ name: "a) [0x0000000000000000;b", space: 2 });
    expect(found[2]).toMatchObject({
      va: 0x210000n,
      length: 0x4000n,
      object: 0xffff000012345800n,
      offset: 0x20000n,
    });
    expect(items[1]?.line).toBe(6);
  });

  test("spaces are told apart with and without a line between them", async () => {
    for (const file of ["gpuvas-msm.txt", "gpuvas-panthor.txt"]) {
      const { items } = await load(file);
      expect(snapshots(items).filter((s) => s.type === "space")).toHaveLength(2);
      expect(snapshots(items).filter((s) => s.type === "mapping" && s.space === 2)).toHaveLength(3);
    }
  });

  const good = readFileSync(`${dir}gpuvas-msm.txt`, "utf8");
  test.each([
    [
      "an end that doesn't fit",
      good.replace("0x0000000000210000 | 0xf", "0x0000000000210001 | 0xf"),
      /^in:6: start and range don't add up to end/,
    ],
    [
      "a row with a letter too few",
      good.replace("0x0000000000200000", "0x000000000020000"),
      /^in:6: the row is not one of a gpuvas table/,
    ],
    [
      "no bounds",
      good.replace(" [0x0000000000000000;0x0001000000000000]", ""),
      /^in:1: the space has no bounds/,
    ],
    ["no reserved node", good.replace(/Kernel.*\n/, ""), /^in:2: the line after a space's first/],
    [
      "two heads",
      good.replace(/Kernel.*\n/, "DRM GPU VA space (b) [0x0000000000000000;0x0001000000000000]\n"),
      /^in:2: the space before has no line/,
    ],
    ["half a space", good.slice(0, good.indexOf("\n") + 1), /^in:1: the file ends within a space/],
  ])("%s is refused", async (_name, text, message) => {
    await expect(load(Buffer.from(text))).rejects.toThrow(message);
  });
});

describe("trace-cmd", () => {
  test("xe: VMs, binds, rebinds that ask nothing, work, waits, memory", async () => {
    const { items, skipped } = await load("trace-cmd-xe.txt");
    expect(requests(items)).toEqual([
      { t: 0, f: 0, op: "vm_create", vm: 1 },
      { t: 44_000, f: 0, op: "gem_new", bo: 1, size: 0x10000 },
      {
        t: 44_000,
        f: 0,
        op: "vm_bind",
        vm: 1,
        async: false,
        ops: [{ kind: "map", bo: 1, boOffset: 0, va: 0x200000, length: 0x10000, flags: 0 }],
      },
      { t: 244_000, f: 0, op: "queue_new", queue: 1, vm: 1 },
      { t: 244_000, f: 0, op: "submit", vm: 1, queue: 1, bos: null, writes: [], work: true, fence: 1 },
      { t: 254_000, f: 0, op: "wait_fence", queue: 1, fence: 1 },
      {
        t: 1_744_000,
        f: 0,
        op: "vm_bind",
        vm: 1,
        async: false,
        ops: [{ kind: "unmap", bo: 0, boOffset: 0, va: 0x200000, length: 0x10000, flags: 0 }],
      },
      { t: 1_744_000, f: 0, op: "gem_close", bo: 1 },
      { t: 2_744_000, f: 0, op: "vm_destroy", vm: 1 },
    ]);
    expect(snapshots(items)).toEqual([
      { type: "memory", owner: "gpu 0 pid 1706", region: "gpu", what: "total", bytes: 1048576 },
    ]);
    expect(skipped).toEqual({ comment: 1, xe_vma_rebind_exec: 1, drm_sched_job_done: 1 });
    expect(lineOf(items, "submit")).toBe(5);
  });

  test("the scheduler: work of one queue waits for that of another", async () => {
    const { items, skipped } = await load("trace-cmd-sched.txt");
    const submit = { f: 0, op: "submit", vm: 1, bos: null, writes: [] };
    const signal = { handle: 1, wait: false, point: 1 };
    expect(requests(items).filter(({ op }) => op === "submit")).toEqual([
      { ...submit, t: 144_000, queue: 1, work: true, fence: 1 },
      { ...submit, t: 244_000, queue: 1, work: false, syncOps: [signal] },
      {
        ...{ ...submit, t: 244_000, queue: 2, work: true, fence: 1 },
        syncOps: [
          { ...signal, wait: true },
          { ...signal, handle: 2 },
        ],
      },
    ]);
    expect(skipped).toEqual({ comment: 1, drm_sched_job_unschedulable: 1, drm_sched_job_done: 2 });
  });

  test("amdgpu: pages, hexadecimal without 0x, threads of one program", async () => {
    const { items, skipped } = await load("tracefs-amdgpu.txt");
    const binds = requests(items).flatMap((r) =>
      r.op === "vm_bind" ? r.ops.map((o) => ({ vm: r.vm, ...o })) : [],
    );
    expect(binds).toEqual([
      { vm: 1, kind: "map", bo: 1, boOffset: 0, va: 0x800000000, length: 0x10000, flags: 0 },
      { vm: 1, kind: "unmap", bo: 0, boOffset: 0, va: 0x800000000, length: 0x10000, flags: 0 },
    ]);
    expect(requests(items).find((r) => r.op === "gem_new")).toMatchObject({ size: 32 * 4096 });
    expect(requests(items).filter((r) => r.op === "submit")).toHaveLength(1);
    expect(skipped).toEqual({
      comment: 5,
      drm_run_job: 1,
      amdgpu_vm_update_ptes: 1,
      "further line of amdgpu_vm_update_ptes": 1,
    });
  });

  test("perf's dialect", async () => {
    const { items } = await load("perf-script.txt");
    expect(requests(items).map((r) => r.op)).toEqual(["vm_create", "queue_new", "submit"]);
  });

  test("what doesn't read as an event is counted, a damaged address is an error", async () => {
    const line =
      " a-1 [000] 1.000000: xe_vma_bind: dev=d, vma=1, vm=2, asid=0x1, start=zz, end=0x1, userptr=0x0\n";
    await expect(load(Buffer.from(line))).rejects.toThrow('in:1: start is "zz", not hexadecimal');
    const odd = " a-1 [000] 1.000000: sched_switch: prev=1\n a-1 [000] 1.000001: xe_of_the_future: x=y\n";
    expect((await load(Buffer.from(odd))).skipped).toEqual({ sched_switch: 1, xe_of_the_future: 1 });
  });

  test("a clock that goes back a little is held", async () => {
    const at = (t: string, vm: string): string =>
      ` a-1 [000] ${t}: xe_vm_create: dev=d, vm=${vm}, asid=0x${vm}, vm flags=0x1\n`;
    const { items } = await load(
      Buffer.from(at("1.000002", "1") + at("1.000005", "2") + at("1.000004", "3")),
    );
    expect(requests(items).map((r) => r.t)).toEqual([0, 3000, 3000]);
  });
});

test("fdinfo: units, the old name, and clients one after the other", async () => {
  const { items, skipped } = await load("fdinfo.txt");
  expect(snapshots(items)).toEqual([
    {
      type: "memory",
      owner: "xe client 7 on 0000:00:02.0",
      region: "vram0",
      what: "total",
      bytes: 96 * 1024 ** 2,
    },
    {
      type: "memory",
      owner: "xe client 7 on 0000:00:02.0",
      region: "vram0",
      what: "resident",
      bytes: 64 * 1024 ** 2,
    },
    { type: "memory", owner: "xe client 7 on 0000:00:02.0", region: "vram0", what: "shared", bytes: 4096 },
    { type: "memory", owner: "xe client 7 on 0000:00:02.0", region: "system", what: "total", bytes: 0 },
    { type: "memory", owner: "msm client 8", region: "memory", what: "resident", bytes: 512 * 1024 },
  ]);
  expect(skipped["drm-engine-rcs"]).toBe(1);
});

test("xe devcoredump: lengths and properties, known and not; contents are dropped", async () => {
  const { items, skipped } = await load("xe-devcoredump.txt");
  expect(snapshots(items).slice(1)).toEqual([
    {
      type: "mapping",
      space: 1,
      va: 0x200000n,
      length: 0x10000n,
      properties: {
        read_write: "",
        bo: "",
        mem_region: "0x1",
        pat_index: "0",
        cpu_caching: "1",
        of_the_future: "7",
      },
    },
    { type: "mapping", space: 1, va: 0x400000n, length: 0x1000n, properties: {} },
  ]);
  expect(skipped).toMatchObject({ data: 1, error: 1 });
});

test("msm gem: objects and their mapped vmas", async () => {
  const { items, skipped } = await load("msm-gem.txt");
  expect(snapshots(items)).toMatchObject([
    {
      type: "object",
      name: "tex atlas",
      refcount: 1,
      size: 16384,
      properties: { madv: "WILLNEED", active: "I" },
    },
    { type: "space", space: 1, name: "gpu:glxgears" },
    { type: "mapping", space: 1, va: 0x100000000n, length: 16384n, object: 1n },
    { type: "object", name: "ring0", refcount: 3, size: 4096 },
    { type: "mapping", space: 1, va: 0x100004000n, length: 4096n, object: 2n },
  ]);
  expect(skipped["vma that is not mapped"]).toBe(1);
});

test("panthor gems: columns by their title, in both layouts", async () => {
  const old = await load("panthor-gems.txt");
  expect(snapshots(old.items)).toMatchObject([
    {
      creator: "glmark2-es2-wayland/4711",
      name: "tiler heap",
      refcount: 2,
      size: 16384,
      residentSize: 16384,
      properties: { usage: "0x2" },
    },
    { creator: "Web Content/4712", name: "", refcount: 1, size: 4096, residentSize: 0 },
  ]);
  const recent = await load("panthor-gems-2026.txt");
  expect(snapshots(recent.items)).toMatchObject([
    { name: "tiler heap", size: 16384, properties: { evictions: "5" } },
  ]);
  const short = readFileSync(`${dir}panthor-gems.txt`, "utf8").replace(/0x100000 .*/, "");
  await expect(load(Buffer.from(short))).rejects.toThrow(/the row has 5 values for at least 8 columns/);
});

test("gpu-bo-trace: the lines are those of the file", async () => {
  const { items } = await load("gpu-bo-trace.jsonl");
  expect(items.map((i) => i.line)).toEqual([2, 3]);
});

test.each([
  ...[
    "trace-cmd-xe.txt",
    "trace-cmd-sched.txt",
    "trace-cmd-xe-6.8.txt",
    "tracefs-amdgpu.txt",
    "perf-script.txt",
  ],
  ...["binding-report.txt", "radv-bo-history.txt", "vkd3d-fault.txt", "msm-devcoredump.txt"],
])("%s makes a valid neutral trace", async (file) => {
  const found = requests((await load(file)).items);
  const header = { format: "gpu-bo-trace", version: 1, driver: "neutral", ...traceCounts(found) } as const;
  const back = readTraceSync(encodeTrace(header, found));
  expect(back.requests).toEqual(found);
  expect(back.warnings).toEqual([]);
});
