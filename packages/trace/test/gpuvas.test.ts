import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { GPUVAS_RULE, GPUVAS_TITLE, REGIONS_RULE, REGIONS_TITLE } from "../src/import/gpuvas.ts";
import { type GpuvasSpace, parseGpuvas, printGpuvas, redactGpuvas } from "../src/index.ts";

const dir = fileURLToPath(new URL("../samples/", import.meta.url));
const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
const name = fc.string({ unit: "binary", maxLength: 30 }).filter((s) => !s.includes("\n"));

const space: fc.Arbitrary<GpuvasSpace> = fc.record(
  {
    name,
    start: u64,
    end: u64,
    reservedStart: u64,
    reservedEnd: u64,
    mappings: fc.array(fc.record({ va: u64, length: u64, object: u64, offset: u64 }), { maxLength: 5 }),
    regions: fc.array(fc.record({ va: u64, length: u64 }), { maxLength: 3 }),
    emptyLines: fc.nat(3),
  },
  { requiredKeys: ["name", "start", "end", "reservedStart", "reservedEnd", "mappings", "emptyLines"] },
);

test("what is printed is parsed back", () => {
  fc.assert(
    fc.property(fc.array(space, { maxLength: 4 }), (spaces) => {
      expect(parseGpuvas(printGpuvas(spaces))).toEqual(spaces);
    }),
    { verbose: true, numRuns: 300 },
  );
});

test.each(["gpuvas-nouveau.txt", "gpuvas-panthor.txt", "gpuvas-msm.txt"])(
  "%s is printed back byte for byte",
  (file) => {
    const text = readFileSync(dir + file, "utf8");
    expect(parseGpuvas(text)).toHaveLength(2);
    expect(printGpuvas(parseGpuvas(text))).toBe(text);
  },
);

test("the tables are as wide as the kernel's", () => {
  expect([GPUVAS_TITLE.length, GPUVAS_RULE.length, REGIONS_TITLE.length, REGIONS_RULE.length]).toEqual([
    104, 109, 76, 76,
  ]);
});

test("redacting keeps apart what was apart, and keeps sparse mappings sparse", () => {
  const m = (object: bigint): GpuvasSpace["mappings"][number] => ({ va: 0n, length: 1n, object, offset: 0n });
  const base = { name: "a", start: 0n, end: 1n, reservedStart: 0n, reservedEnd: 0n, emptyLines: 0 };
  const out = redactGpuvas([
    { ...base, mappings: [m(77n), m(0n), m(88n)] },
    { ...base, mappings: [m(88n)] },
  ]);
  expect(out.map((s) => s.mappings.map((x) => x.object))).toEqual([[1n, 0n, 2n], [2n]]);
});
