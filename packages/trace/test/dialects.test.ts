/** What people really have: one dialect after the other, and what each of its texts is not taken for. */
import { fileURLToPath } from "node:url";
import type { Request } from "@gpuvm/drm-model";
import { describe, expect, test } from "vitest";
import {
  type Fault,
  type Finding,
  type Imported,
  importFile,
  Linter,
  type Snapshot,
} from "../src/node/index.ts";

const dir = fileURLToPath(new URL("../samples/", import.meta.url));

interface Read {
  readonly items: Imported[];
  readonly requests: Request[];
  readonly snapshots: Snapshot[];
  readonly faults: Fault[];
  /** Kinds that may matter, with their counts. */
  readonly unread: Record<string, number>;
  readonly harmless: Record<string, number>;
  readonly findings: Finding[];
  readonly complete: boolean;
}

async function read(source: string): Promise<Read> {
  const input = source.includes("\n") ? [Buffer.from(source)] : dir + source;
  const stream = await importFile(input, { file: "in" });
  const findings: Finding[] = [];
  const linter = new Linter("in", (f) => findings.push(f));
  const items: Imported[] = [];
  for await (const batch of stream) {
    items.push(...batch);
    for (const item of batch) linter.push(item);
  }
  linter.end(stream.skipped);
  linter.lookUpFaults();
  const kinds = (harmless: boolean) =>
    Object.fromEntries(
      [...stream.skipped.values()].filter((k) => k.harmless === harmless).map((k) => [k.what, k.lines]),
    );
  return {
    items,
    requests: items.flatMap((i) => (i.kind === "request" ? [i.request] : [])),
    snapshots: items.flatMap((i) => (i.kind === "snapshot" ? [i.snapshot] : [])),
    faults: items.flatMap((i) => (i.kind === "fault" ? [i.fault] : [])),
    unread: kinds(false),
    harmless: kinds(true),
    findings,
    complete: linter.complete,
  };
}

const ops = (requests: Request[]): string[] =>
  requests.map((r) =>
    r.op === "vm_bind"
      ? r.ops.map((o) => `${o.kind} ${o.bo} 0x${o.va.toString(16)}+0x${o.length.toString(16)}`).join()
      : `${r.op}${"bo" in r ? ` ${r.bo}` : "vm" in r ? ` ${r.vm}` : ""}`,
  );
const codes = (findings: Finding[]): string[] => findings.map((f) => `${f.line} ${f.code}`);

describe("binding reports", () => {
  test("memory is the buffer; objects on it are layers; others under one handle are told apart", async () => {
    const { requests, unread, harmless } = await read("binding-report.txt");
    expect(ops(requests)).toEqual([
      "vm_create 1",
      "gem_new 1",
      "map 1 0x100000000+0x20000",
      "gem_new 2",
      "map 2 0x100400000+0x1000",
      "gem_new 3",
      "map 3 0x100402000+0x2000",
      // An image in no memory is a range that was reserved.
      "map_null 0 0x200000000+0x100000",
      "unmap 0 0x100400000+0x1000",
      "gem_close 2",
      "unmap 0 0x200000000+0x100000",
      "unmap 0 0x100000000+0x20000",
      "gem_close 1",
    ]);
    expect(unread).toEqual({});
    expect(harmless).toEqual({ "VK_OBJECT_TYPE_BUFFER on memory that is bound": 2 });
  });

  test("memory of two ranges lives until the last is unbound", async () => {
    const line = (t: number, va: string, what: string): string =>
      `timestamp=${t}, VA=${va}, binding_type=${what}, object_type=VK_OBJECT_TYPE_DEVICE_MEMORY, object_handle=0x5\n`;
    const [a, b] = ["0000000100000000-0000000100010000", "0000000100020000-0000000100030000"];
    const { requests } = await read(
      line(1, a, "bind") + line(2, b, "bind") + line(3, a, "unbind") + line(4, b, "unbind"),
    );
    expect(ops(requests).filter((op) => op.startsWith("gem_"))).toEqual(["gem_new 1", "gem_close 1"]);
    expect(ops(requests).at(-1)).toBe("gem_close 1");
  });

  test("RADV's failing page is looked up, though it stands before the reports; blanks don't matter", async () => {
    const { requests, findings, unread } = await read("radv-vm-fault.txt");
    expect(ops(requests)).toHaveLength(5);
    expect(codes(findings)).toEqual(["11 use-after-unbind"]);
    expect(findings[0]?.message).toBe(
      "the GPU faulted at 0x800200011000 (line 3, RADV), which line 11 unbound before",
    );
    expect(unread).toEqual({});
  });

  test("a hang report without reports still tells of the fault", async () => {
    const { findings, faults } = await read("VM fault report.\n\nFailing VM page: 0x00001000\n");
    expect(faults).toHaveLength(1);
    expect(codes(findings)).toEqual(["3 gpu-fault"]);
  });
});

test("RADV's history: sparse ranges have no buffer until they are mapped to one", async () => {
  const { requests, unread, findings } = await read("radv-bo-history.txt");
  expect(ops(requests)).toEqual([
    "vm_create 1",
    "gem_new 1",
    "map 1 0x800300000000+0x20000",
    "map_null 0 0x800400000000+0x800000",
    "map 1 0x800400010000+0x10000",
    "map_null 0 0x800400010000+0x10000",
    "unmap 0 0x800400000000+0x800000",
    "unmap 0 0x800300000000+0x20000",
    "gem_close 1",
  ]);
  const bind = requests.flatMap((r) => (r.op === "vm_bind" ? r.ops : []))[2];
  expect(bind?.boOffset).toBe(0x10000);
  expect(unread).toEqual({});
  expect(findings).toEqual([]);
  const lost = "timestamp=1, VA=0000000000010000-0000000000020000, mapped_to=0000000000500000\n";
  expect((await read(lost)).unread).toEqual({ "mapped_to an address where no buffer is known": 1 });
});

test("vkd3d-proton: sign-extended addresses, layers, and a fault on the same clock", async () => {
  const { requests, findings, unread, complete } = await read("vkd3d-fault.txt");
  expect(ops(requests)).toEqual([
    "vm_create 1",
    "gem_new 1",
    "map 1 0x800220000000+0x10000",
    "unmap 0 0x800220000000+0x10000",
    "gem_close 1",
  ]);
  expect(findings.map((f) => `${f.line} ${f.message}`)).toEqual([
    "15 the GPU faulted at 0x800220003000 (line 2, vkd3d-proton), which line 15 unbound 250.000 ms before",
  ]);
  expect(unread).toEqual({});
  expect(complete).toBe(true);
});

describe("msm gem", () => {
  test("since 6.17: two spaces, names with brackets, purgeable by its column", async () => {
    const { snapshots, unread, harmless } = await read("msm-gem-6.17.txt");
    expect(snapshots).toMatchObject([
      { type: "object", name: "purgeable-looking name", properties: { active: "I" } },
      { type: "space", space: 1, name: "gpu:de[mo]" },
      { type: "mapping", space: 1, va: 0x200000000n, length: 32768n, object: 1n },
      { type: "space", space: 2, name: "gpu:other" },
      { type: "mapping", space: 2, va: 0x300000000n },
      { type: "object", name: "scratch", properties: { madv: "purgeable", active: "A" } },
      { type: "mapping", space: 1, va: 0x200008000n, length: 65536n, object: 2n },
    ]);
    expect(unread).toEqual({});
    expect(harmless["vma that is not mapped"]).toBe(1);
  });

  test("before 5.8: a space is a name", async () => {
    const { snapshots } = await read("msm-gem-4.19.txt");
    expect(snapshots).toMatchObject([
      { type: "object", size: 8192 },
      { type: "space", space: 1, name: "gpu" },
      { type: "mapping", space: 1, va: 0x1000000n },
      { type: "object", properties: { madv: "purged" } },
      { type: "mapping", space: 1, va: 0x1002000n },
    ]);
  });

  test("what can't be read is counted", async () => {
    const title = "   flags       id ref  offset   kaddr            size     madv      name\n";
    const { unread, complete } = await read(
      `${title}      vmas: [gpu: of the future]\nTotal:        3 objects,     98304 bytes\n`,
    );
    expect(unread).toEqual({
      "vmas that are not understood": 1,
      "total of 3 objects, where 0 were read": 1,
    });
    expect(complete).toBe(false);
  });
});

test("msm devcoredump: buffers, the log, and the fault in both", async () => {
  const { items, requests, findings, unread } = await read("msm-devcoredump.txt");
  expect(ops(requests)).toEqual([
    "vm_create 1",
    // Not in the log: it was mapped before that begins.
    "gem_new 1",
    "map 1 0x200020000+0x1000",
    "gem_new 2",
    "map 2 0x200000000+0x8000",
    "gem_new 3",
    "map 3 0x200010000+0x10000",
    "unmap 0 0x200000000+0x8000",
  ]);
  const labels = items.flatMap((i) => (i.kind === "request" && i.label !== undefined ? [i.label] : []));
  expect(labels).toEqual(["demo", "cmds", "demo buffer"]);
  expect(codes(findings)).toEqual(["17 use-after-unbind"]);
  expect(findings[0]?.message).toContain("msm: WRITE TRANSLATION CCU");
  expect(unread).toEqual({});
});

describe("fdinfo", () => {
  test("a client is counted once, with a driver's own amounts and without the old names", async () => {
    const { snapshots, unread, harmless } = await read("fdinfo-many.txt");
    const owner = "amdgpu client 12 on 0000:0a:00.0";
    expect(snapshots).toEqual([
      { type: "memory", owner, region: "vram", what: "total", bytes: 8 * 2 ** 20 },
      { type: "memory", owner, region: "vram", what: "resident", bytes: 6 * 2 ** 20 },
      { type: "memory", owner, region: "vram", what: "amd-evicted", bytes: 2 * 2 ** 20 },
    ]);
    expect(unread).toEqual({});
    expect(harmless["file of a client that was counted"]).toBe(1);
  });

  test("the paths of grep -H", async () => {
    const { snapshots } = await read("fdinfo-grep.txt");
    expect(snapshots).toMatchObject([
      { owner: "xe client 3", bytes: 2 ** 20 },
      { owner: "xe client 4", bytes: 2 ** 21 },
    ]);
  });

  const block = (mib: number): string =>
    `pos:\t0\ndrm-driver:\txe\ndrm-client-id:\t1\ndrm-total-vram0:\t${mib} MiB\n`;
  test("one file again and again is a course over time, of equal amounts, too", async () => {
    const { snapshots } = await read(block(1) + block(1) + block(2));
    expect(snapshots.map((s) => s.type === "memory" && s.bytes / 2 ** 20)).toEqual([1, 1, 2]);
  });

  test("a folder without paths: the same again is the same file", async () => {
    const other = "pos:\t0\nflags:\t02\n";
    const { snapshots } = await read(other + block(1) + block(1) + other);
    expect(snapshots).toHaveLength(1);
  });

  test("an unknown key of a client is unread, any key of another file harmless", async () => {
    const { unread, harmless } = await read(`${block(1)}drm-of-the-future:\t1 KiB\npos:\t0\nsize:\t5\n`);
    expect(unread).toEqual({ "drm-of-the-future": 1 });
    expect(harmless["file that is no DRM client"]).toBe(2);
  });
});

test("panfrost gems: every column, and blanks within a label", async () => {
  const { snapshots, unread } = await read("panfrost-gems.txt");
  expect(snapshots).toEqual([
    {
      type: "object",
      id: "0",
      name: "a  label",
      creator: "demo one/two/4711",
      refcount: 1,
      size: 16384,
      residentSize: 8192,
      properties: { "file-offset": "0x100000", state: "0x0" },
    },
  ]);
  expect(unread).toEqual({});
});

describe("xe", () => {
  test("events without vm= go by asid, a userptr has no buffer, and lost events are told of", async () => {
    const { requests, findings, complete } = await read("trace-cmd-xe-6.8.txt");
    expect(ops(requests)).toEqual([
      "vm_create 1",
      "gem_new 1",
      "map 1 0x100000+0x10000",
      "map_null 0 0x200000+0x10000",
      "unmap 0 0x100000+0x10000",
      "gem_close 1",
      "vm_destroy 1",
    ]);
    expect(codes(findings)).toEqual(["5 lost-events"]);
    expect(findings[0]?.message).toBe("12 events were lost here");
    expect(complete).toBe(false);
  });

  const at = (t: number, what: string): string => `   a-1   [000]   ${t}.000000: ${what}\n`;
  const create = "xe_vm_create: dev=d, vm=00000000aaaa0001, asid=0x00005, vm flags=0x00001";
  const free = create.replace("create", "free");
  const bind =
    "xe_vma_bind: dev=d, vma=00000000bbbb0001, vm=00000000aaaa0001, asid=0x00005, start=0x000000100000, end=0x0000001fffff, userptr=0x000000000000";
  test("a VM's end ends its mappings: pointers are used again", async () => {
    const once = [create, bind, free];
    const { requests, findings } = await read([...once, ...once].map((what, i) => at(i + 1, what)).join(""));
    expect(ops(requests).filter((op) => op.startsWith("map"))).toHaveLength(2);
    expect(ops(requests).filter((op) => op.startsWith("gem_close"))).toHaveLength(2);
    expect(codes(findings)).toEqual(["3 mapped-at-close", "6 mapped-at-close"]);
  });

  test("a mapping from the middle of a buffer on is not the program's own memory", async () => {
    const offset = bind.replace("0x000000000000", "0x000000010000");
    const { requests } = await read(at(1, create) + at(2, offset));
    expect(ops(requests).slice(1, 3)).toEqual(["gem_new 1", "map 1 0x100000+0x100000"]);
  });

  test("so does a new VM of the same pointer, when the end was not recorded", async () => {
    const { requests } = await read([create, bind, create, bind].map((what, i) => at(i + 1, what)).join(""));
    expect(ops(requests)).toEqual([
      "vm_create 1",
      "gem_new 1",
      "map 1 0x100000+0x100000",
      "vm_destroy 1",
      "gem_close 1",
      "vm_create 2",
      "gem_new 2",
      "map 2 0x100000+0x100000",
    ]);
  });

  test("work after a VM's end is not put on it, nor on a VM that is made up under its name", async () => {
    const job = "drm_sched_job_queue: dev=d, fence=1:1, ring=rcs0, job count:1, hw job count:0, client_id:9";
    const { requests } = await read([create, job, free, job].map((what, i) => at(i + 1, what)).join(""));
    const work = requests.flatMap((r) => (r.op === "submit" ? [`${r.vm} on queue ${r.queue}`] : []));
    expect(work).toEqual(["1 on queue 1", "2 on queue 2"]);
    expect(ops(requests).filter((op) => op.startsWith("vm_create"))).toEqual(["vm_create 1", "vm_create 2"]);
  });

  describe("what work waits for", () => {
    const job = (fence: string, ring: string): string =>
      `drm_sched_job_queue: dev=d, fence=${fence}, ring=${ring}, job count:1, hw job count:0, client_id:9`;
    const dep = (fence: string, on: string): string =>
      `drm_sched_job_add_dep: fence=${fence} depends on fence=${on}`;
    const done = (fence: string): string => `drm_sched_job_done: fence=${fence} signaled`;
    const of = async (...lines: string[]) => {
      const { requests, findings } = await read(
        [create, ...lines].map((what, i) => at(i + 1, what)).join(""),
      );
      const said = requests.flatMap((r) => {
        if (r.op === "syncobj_create") return [`make ${r.syncobj}`];
        if (r.op !== "submit") return [];
        const syncs = (r.syncOps ?? []).map(
          ({ handle, wait, point }) => `${wait ? "wait" : "signal"} ${handle}@${point}`,
        );
        return [`${r.work ? "work" : "no work"} on ${r.queue}: ${syncs.join(", ")}`];
      });
      return { said, codes: codes(findings) };
    };

    test("is kept between queues, from the first wait on; before it nothing is said", async () => {
      const alone = await of(job("1:1", "rcs"), job("2:1", "bcs"), job("1:2", "rcs"));
      expect(alone.said).toEqual(["work on 1: ", "work on 2: ", "work on 1: "]);
      const { said, codes } = await of(
        ...[job("1:1", "rcs"), job("2:1", "bcs"), dep("2:1", "1:1"), dep("2:1", "9:9"), job("1:2", "rcs")],
        ...[dep("1:2", "2:1"), dep("1:2", "1:1"), job("3:1", "vcs"), dep("3:1", "1:2"), dep("3:1", "2:1")],
      );
      expect(said).toEqual([
        "work on 1: ",
        "make 2",
        "make 1",
        "no work on 1: signal 1@1",
        "work on 2: wait 1@1, signal 2@1",
        "work on 1: wait 2@1, signal 1@2",
        "make 3",
        "work on 3: wait 2@1, wait 1@2, signal 3@1",
      ]);
      expect(codes).toEqual([]);
    });

    test("is not what is done, nor what is told too late", async () => {
      const { said } = await of(
        ...[job("1:1", "rcs"), done("1:1"), job("2:1", "bcs"), dep("2:1", "1:1"), job("1:2", "rcs")],
        ...["drm_sched_job_unschedulable: fence=2:1 depends on unsignalled fence=1:2", dep("7:7", "1:2")],
      );
      expect(said).toEqual(["work on 1: ", "work on 2: ", "work on 1: "]);
    });

    test("stands before whatever follows, also at the end of the file", async () => {
      const lines = [job("1:1", "rcs"), job("2:1", "bcs"), "sched_switch: prev_comm=a", dep("2:1", "1:1")];
      const { said } = await of(...lines);
      expect(said.at(-1)).toBe("work on 2: wait 1@1, signal 2@1");
      const text = [create, ...lines].map((what, i) => at(i + 1, what)).join("");
      const { requests } = await read(`${text}CPU:1 [LOST 3 EVENTS]\n${at(9, free)}`);
      expect(requests.map(({ op }) => op).slice(-2)).toEqual(["submit", "vm_destroy"]);
      const times = requests.map(({ t }) => t);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });
  });

  test("nothing is held against what follows a loss", async () => {
    const unbind = (va: string): string =>
      bind
        .replace("bind:", "unbind:")
        .replace("bbbb0001", "bbbb0007")
        .replace("100000,", `${va}00000,`)
        .replace("1fffff", `${va}fffff`);
    const before = at(1, create) + at(2, bind);
    const after = at(3, unbind("7")) + at(4, free);
    expect(codes((await read(before + after)).findings)).toEqual(["3 unbind-nothing", "4 mapped-at-close"]);
    const lost = await read(`${before}CPU:1 [LOST 3 EVENTS]\n${after}`);
    expect(codes(lost.findings)).toEqual(["3 lost-events"]);
  });
});

test.each([
  ["CPU:1 [LOST EVENTS]", "events were lost here"],
  ["CPU:1 [LOST 1 EVENTS]", "1 event was lost here"],
  ["CPU:0 [77 EVENTS DROPPED]", "77 events were lost here"],
  ["# entries-in-buffer/entries-written: 20/100   #P:8", "80 events were lost here"],
])("%s is a loss", async (line, message) => {
  const { findings } = await read(`# tracer: nop\n${line}\n`);
  expect(findings.map((f) => f.message)).toEqual([message]);
});

test("only what is on a list is harmless", async () => {
  const event = (name: string): string => ` a-1 [000] 1.000000: ${name}: x=y\n`;
  const { unread, harmless, complete } = await read(
    ["sched_switch", "xe_of_the_future", "amdgpu_of_the_future", "i915_vma_bind", "drm_vblank_event"]
      .map(event)
      .join(""),
  );
  expect(unread).toEqual({ xe_of_the_future: 1, amdgpu_of_the_future: 1, i915_vma_bind: 1 });
  expect(harmless).toEqual({ sched_switch: 1, drm_vblank_event: 1 });
  expect(complete).toBe(false);
});

test("amdgpu: a null bo is a sparse mapping, and a pointer that is used again takes no old mapping along", async () => {
  const line = (t: number, what: string): string => ` a-1 [000] ${t}.000000: ${what}\n`;
  const map = (bo: string): string =>
    `amdgpu_vm_bo_map: bo=${bo}, start=100, last=10f, offset=0000000000, flags=60`;
  const create = "amdgpu_bo_create: bo=00000000deadbeef, pages=16, type=2, preferred=2, allowed=6, visible=0";
  const { requests } = await read(
    [create, map("00000000deadbeef"), create, map("0000000000000000")]
      .map((what, i) => line(i + 1, what))
      .join(""),
  );
  expect(ops(requests)).toEqual([
    "gem_new 1",
    "vm_create 1",
    "map 1 0x100000+0x10000",
    "unmap 0 0x100000+0x10000",
    "gem_close 1",
    "gem_new 2",
    "map_null 0 0x100000+0x10000",
  ]);
});

test("amdgpu: a pointer that maps more than its buffer had is another buffer", async () => {
  const line = (t: number, what: string, last: string): string =>
    ` a-1 [000] ${t}.000000: amdgpu_vm_bo_${what}: bo=00000000deadbeef, start=100, last=${last}, offset=0000000000, flags=60\n`;
  const { requests } = await read(line(1, "map", "100") + line(2, "unmap", "100") + line(3, "map", "1ff"));
  expect(requests.flatMap((r) => (r.op === "gem_new" ? [r.size] : []))).toEqual([4096, 0x100000]);
});

test("gpu_mem_total keeps its time", async () => {
  const at = (s: string, size: number): string =>
    ` RenderThread-12  ( 1200) [003] ....   ${s}: gpu_mem_total: gpu_id=0 pid=1200 size=${size}\n`;
  const { items } = await read(at("500.100000", 1) + at("501.600000", 2));
  expect(items.map((i) => i.kind === "snapshot" && i.t)).toEqual([0, 1.5e9]);
});

describe("the kernel's log", () => {
  test("faults of every driver, with their time and space", async () => {
    const { faults, unread } = await read("dmesg.txt");
    expect(faults).toEqual([
      { address: 0x204000n, length: 4096, source: "xe", space: "asid 1", clock: 44.898e9 },
      {
        address: 0x800123456000n,
        length: 4096,
        source: "amdgpu",
        space: "task 2101",
        detail: "process demo pid 2101",
        clock: 44_899_002_000,
      },
      {
        address: 0x100052000n,
        length: 1,
        source: "msm",
        detail: "dir=READ type=TRANSLATION source=UCHE (0,0,0,0)",
        clock: 44.9e9,
      },
      { address: 0x12345678n, length: 1, source: "panthor", detail: "AS1", clock: 44.901e9 },
      { address: 0x3fffab0000n, length: 1, source: "nouveau", detail: "READ", clock: 44.902e9 },
    ]);
    expect(unread).toEqual({});
  });

  test("a fault is looked up in the binds of another file, at its time", async () => {
    const findings: Finding[] = [];
    const linters: Linter[] = [];
    for (const file of ["trace-cmd-xe.txt", "dmesg.txt"]) {
      const linter = new Linter(file, (f) => findings.push(f));
      const stream = await importFile(dir + file, { file });
      for await (const batch of stream) for (const item of batch) linter.push(item);
      linter.end(stream.skipped);
      linters.push(linter);
    }
    for (const linter of linters) linter.lookUpFaults(linters.filter((other) => other !== linter));
    expect(findings[0]).toMatchObject({
      file: "trace-cmd-xe.txt",
      line: 8,
      code: "use-after-unbind",
      message: "the GPU faulted at 0x204000 (dmesg.txt:4, xe), which line 8 unbound 1.000 ms before",
    });
    // The others are at addresses that this trace has no binds of.
    expect(findings.slice(1).map((f) => f.code)).toEqual(Array.from({ length: 4 }, () => "gpu-fault"));
  });

  test("a fault before the first bind is not looked up", () => {
    const findings: Finding[] = [];
    const linter = new Linter("in", (f) => findings.push(f));
    const request: Request = {
      t: 0,
      f: 0,
      op: "vm_bind",
      ops: [{ kind: "map", bo: 1, boOffset: 0, va: 4096, length: 4096, flags: 0 }],
    };
    linter.push({ kind: "request", line: 1, request, clock: 5e9 });
    for (const clock of [4e9, 6e9]) {
      linter.push({ kind: "fault", line: 2, fault: { address: 4096n, length: 1, source: "demo", clock } });
    }
    linter.end();
    linter.lookUpFaults();
    expect(findings.map((f) => f.message)).toEqual([
      "the GPU faulted at 0x1000 (demo), before the first bind that is recorded: is it of the same boot?",
      "the GPU faulted at 0x1000 (demo), which is mapped there since line 1: not a missing bind, as far as is recorded",
    ]);
  });

  test("a fault in words that are not known is unread", async () => {
    const { unread } = await read("[    1.000000] xe 0: GPU fault of the future at 7\n");
    expect(unread).toEqual({ "line about a fault in unknown words": 1 });
  });
});
