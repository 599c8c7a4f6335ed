import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { loadTrace, parseGpuvas, printGpuvas, shippedTraces, TraceError } from "@gpuvm/trace/node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExport } from "../src/commands/export.ts";
import { runImport } from "../src/commands/import.ts";
import { runLint } from "../src/commands/lint.ts";
import type { ExportFormat } from "../src/export/export-args.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "gpuvm-formats-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const quiet = () => {};
const EXPORTS: readonly ExportFormat[] = ["perfetto", "chrome", "csv", "markdown", "benchstat"];

function gpuvas(...rows: readonly [va: number, length: number, object: number][]): string {
  const mappings = rows.map(([va, length, object]) => ({
    va: BigInt(va),
    length: BigInt(length),
    object: BigInt(object),
    offset: 0n,
  }));
  const space = { name: "gpu", start: 0n, end: 1n << 47n, reservedStart: 0n, reservedEnd: 0n };
  return printGpuvas([{ ...space, mappings, emptyLines: 1 }]);
}

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

async function exported(path: string, format: ExportFormat, name: string): Promise<Buffer> {
  const out = join(dir, name);
  await runExport({ file: path, format, out, policy: undefined, at: undefined, keepPointers: false }, quiet);
  return readFileSync(out);
}

describe("import", () => {
  it("makes binds of what lies between two dumps", async () => {
    const a = file("a.txt", gpuvas([0x10000, 0x4000, 7], [0x20000, 0x4000, 8]));
    const b = file("b.txt", gpuvas([0x20000, 0x4000, 8], [0x30000, 0x8000, 9]));
    const out = join(dir, "ab.jsonl.gz");
    expect(await runImport({ files: [a, b], out }, quiet, quiet)).toBe(0);
    const { header, requests } = await loadTrace(out);
    expect(header.driver).toBe("neutral");
    const binds = requests.flatMap((r) => (r.op === "vm_bind" ? r.ops : []));
    expect(binds.map(({ kind, va }) => `${kind} ${va.toString(16)}`)).toEqual([
      "map 10000",
      "map 20000",
      "unmap 10000",
      "map 30000",
    ]);
    expect(requests.filter((r) => r.op === "gem_new").map((r) => "size" in r && r.size)).toEqual([
      0x4000, 0x4000, 0x8000,
    ]);
    expect(requests.filter((r) => r.op === "gem_close")).toHaveLength(1);
  });

  it("puts clients side by side, in the order of time, with numbers of their own", async () => {
    const line = (t: number, kind: string) =>
      `timestamp=${t}, VA=0000000100000000-0000000100010000, binding_type=${kind}, object_type=VK_OBJECT_TYPE_DEVICE_MEMORY, object_handle=0x55\n`;
    const a = file("a.log", line(1000, "bind") + line(9000, "unbind"));
    const b = file("b.log", line(5000, "bind") + line(6000, "unbind"));
    const out = join(dir, "clients.jsonl");
    await runImport({ files: [a, b], out }, quiet, quiet);
    const { requests } = await loadTrace(out);
    expect(new Set(requests.map((r) => r.f))).toEqual(new Set([0, 1]));
    const times = requests.map((r) => r.t);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    const bos = requests.flatMap((r) => (r.op === "gem_new" ? [r.bo] : []));
    expect(new Set(bos).size).toBe(bos.length);
  });

  it("leaves nothing behind when a line is damaged", async () => {
    const bad = file(
      "bad.txt",
      gpuvas([0x10000, 0x4000, 7]).replace("0x0000000000014000", "0x0000000000015000"),
    );
    const out = join(dir, "bad.jsonl.gz");
    await expect(runImport({ files: [bad], out }, quiet, quiet)).rejects.toThrow(/bad\.txt:6: .*add up/);
    expect(existsSync(out) || existsSync(`${out}.partial`)).toBe(false);
  });

  it("says what else to do with a file that only tells amounts", async () => {
    const path = file("fdinfo.txt", "drm-driver:\txe\ndrm-client-id:\t7\ndrm-total-vram0:\t96 MiB\n");
    await expect(runImport({ files: [path], out: undefined }, quiet, quiet)).rejects.toThrow(/export .*csv/);
  });
});

describe("lint", () => {
  it("shows the line, and answers 1 for an error only", async () => {
    const lines: string[] = [];
    const args = { format: "text", max: 20, failOn: "error" } as const;
    const good = file("good.txt", gpuvas([0x10000, 0x4000, 7], [0x20000, 0x4000, 8]));
    const bad = file("overlap.txt", gpuvas([0x10000, 0x4000, 7], [0x12000, 0x4000, 8]));
    expect(await runLint({ ...args, files: [good] }, (s) => lines.push(s), quiet)).toBe(0);
    expect(lines).toEqual([]);
    expect(await runLint({ ...args, files: [good, bad] }, (s) => lines.push(s), quiet)).toBe(1);
    expect(lines.join("")).toMatch(/overlap\.txt:7: error: .*\[overlap\]/);
  });
});

describe("export", () => {
  const trace = shippedTraces().find((t) => t.name === "panthor-gl-glmark2")?.path as string;

  it.each(EXPORTS)("writes a trace as %s, the same bytes each time", async (format) => {
    const first = await exported(trace, format, `one.${format}`);
    expect(first.length).toBeGreaterThan(200);
    expect(first.equals(await exported(trace, format, `two.${format}`))).toBe(true);
  });

  it("writes JSON that Perfetto's legacy importer takes", async () => {
    const events = JSON.parse((await exported(trace, "chrome", "t.json")).toString()) as { ph: string }[];
    expect(new Set(events.map((e) => e.ph))).toContain("b");
    expect(events.length).toBeGreaterThan(1000);
  });

  it("gives a dump back without its kernel pointers", async () => {
    const path = file("p.txt", gpuvas([0x10000, 0x4000, 0xabcd000], [0x20000, 0x4000, 0xabcd000]));
    const [space] = parseGpuvas((await exported(path, "gpuvas", "p.out")).toString());
    expect(space?.mappings.map((m) => m.object)).toEqual([1n, 1n]);
  });

  it("leaves nothing when it can't be done", async () => {
    await expect(exported(join(dir, "missing"), "csv", "missing.csv")).rejects.toThrow(UsageError);
    expect(readdirSync(dir).filter((name) => name.startsWith("missing"))).toEqual([]);
  });

  it("never crashes on any bytes: an error with file and line, or a result", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          "",
          "DRM GPU VA space (a) [",
          "drm-driver:\txe\n",
          '{"format":"gpu-bo-trace"',
          " flags id ref offset kaddr size madv name\n",
        ),
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom(...EXPORTS, "gpuvas" as const),
        async (head, bytes, format) => {
          const path = join(dir, "fuzz");
          writeFileSync(path, Buffer.concat([Buffer.from(head), bytes]));
          await exported(path, format, "fuzz.out").catch((error: unknown) => {
            expect((error as Error).name).toMatch(/^(TraceError|UsageError)$/);
          });
          await runLint({ files: [path], format: "text", max: 1, failOn: "error" }, quiet, quiet).catch(
            (error: unknown) => expect(error).toBeInstanceOf(TraceError),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});

it("a table of a trace says what waits for what", async () => {
  const lines = [
    { format: "gpu-bo-trace", version: 1, driver: "xe" },
    { t: 0, op: "syncobj_create", syncobj: 3 },
    {
      t: 1,
      op: "exec",
      queue: 1,
      sync_ops: [
        [
          ["wait", 3],
          ["signal", 4, 17],
          ["user_fence", 4096, 1],
        ],
      ],
    },
    { t: 2, op: "vm_bind", vm: 1, ops: [], sync_ops: [[["signal", 3]]] },
    { t: 3, op: "syncobj_wait", syncobjs: [3, 4], points: [0, 17] },
    { t: 4, op: "syncobj_transfer", src: 4, src_point: 17, dst: 3 },
    { t: 5, op: "syncobj_reset", syncobjs: [3, 4] },
  ];
  const path = file("syncs.jsonl", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const rows = (await exported(path, "csv", "syncs.csv")).toString().trimEnd().split("\n").slice(1);
  expect(rows.map((row) => /(?:^|,)("[^"]*"|[^,]*)$/.exec(row)?.[1])).toEqual([
    "3",
    '"wait 3, signal 4@17, write 0x1000"',
    "signal 3",
    '"3, 4@17"',
    "4@17 to 3",
    '"3, 4"',
  ]);
});
