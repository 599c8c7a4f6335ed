import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Request, TraceHeader } from "@gpuvm/drm-model";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { encodeTrace, readTraceSync, TraceWriter, traceCounts, writeTrace } from "../src/node/index.ts";
import { anyTrace } from "./any-trace.ts";

const dir = mkdtempSync(join(tmpdir(), "gpuvm-trace-"));
afterAll(() => rmSync(dir, { recursive: true }));
const header: TraceHeader = { format: "gpu-bo-trace", version: 1, driver: "neutral" };
const events: Request[] = [
  { t: 0, f: 1, op: "gem_new", bo: 1, size: 4096 },
  { t: 1, f: 1, op: "exec", queue: 1, addr: 2 ** 64 - 2 ** 32 + 2 ** 16 },
];

test("what is written is read back as it was", () => {
  fc.assert(
    fc.property(anyTrace(), fc.boolean(), (requests, gzip) => {
      const counts = traceCounts(requests);
      const back = readTraceSync(encodeTrace({ ...header, ...counts }, requests, { gzip }));
      expect(back.requests).toEqual(requests);
      expect(back.header).toEqual({ ...header, ...counts });
      expect(back.warnings).toEqual([]);
    }),
    { verbose: true, numRuns: 200 },
  );
});

test("the same trace gives the same gzip bytes, with no time and one platform in them", () => {
  const a = encodeTrace(header, events, { gzip: true });
  expect(a).toEqual(encodeTrace(header, events, { gzip: true }));
  expect([...a.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
  expect(a[9]).toBe(3);
});

test("above 2^53 every digit is written", () => {
  expect(Buffer.from(encodeTrace(header, events)).toString()).toContain('"addr":18446744069414649856');
});

test.each(["a.jsonl", "a.jsonl.gz"])("a file %s written in pieces holds the same", async (name) => {
  const path = join(dir, name);
  await writeTrace(
    path,
    header,
    events.map((e) => [e]),
  );
  const bytes = readFileSync(path);
  expect(bytes[0] === 0x1f).toBe(name.endsWith(".gz"));
  if (name.endsWith(".gz")) expect([...bytes.subarray(4, 10)]).toEqual([0, 0, 0, 0, 2, 3]);
  expect(readTraceSync(bytes).requests).toEqual(events);
});

test("large pieces wait for the disk and arrive whole", async () => {
  const path = join(dir, "large.jsonl.gz");
  const many: Request[] = Array.from({ length: 50_000 }, (_, t) => ({ t, f: 0, op: "close" }));
  await writeTrace(path, header, [many, []]);
  expect(readTraceSync(readFileSync(path)).requests).toHaveLength(50_000);
});

test("a file appears only when it is complete", async () => {
  const path = join(dir, "late.jsonl");
  const writer = new TraceWriter(path, header);
  await writer.write(events);
  expect(existsSync(path)).toBe(false);
  await writer.close();
  expect(existsSync(path)).toBe(true);
});

test("when the source fails nothing is left, and the old file stays", async () => {
  const path = join(dir, "kept.jsonl");
  writeFileSync(path, "old");
  function* failing(): Generator<Request[]> {
    yield events;
    throw new Error("source");
  }
  await expect(writeTrace(path, header, failing())).rejects.toThrow("source");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(dir).filter((f) => f.endsWith(".partial"))).toEqual([]);
});

test("a folder that isn't there gives a TraceError, from write or close", async () => {
  const path = join(dir, "no", "such.jsonl");
  await expect(writeTrace(path, header, [events])).rejects.toThrow(
    /such\.jsonl: can't be written: there is no such folder \(check the folder/,
  );
});
