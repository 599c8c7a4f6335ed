import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMANDS } from "../src/cli/app.ts";
import { sideBySide } from "../src/format/table.ts";
import { folded } from "../src/format/wrapped.ts";
import { bench } from "./in-process.ts";

const head = ["", "alpha", "beta", "gamma"];
const rows = [
  ["maps", "12,345", "1", "999,999"],
  ["longest wait", "63.9 ms", "0", "1.2 s"],
];

describe("a table that does not fit", () => {
  const widest = (table: string) => Math.max(...table.split("\n").map((line) => line.length));

  it("stands in parts below each other, each with the first column, and loses nothing", () => {
    for (const width of [80, 32, 24]) {
      const parts = sideBySide(head, rows, width);
      for (const part of parts) {
        expect(widest(part)).toBeLessThanOrEqual(width);
        expect(part).toContain("longest wait");
      }
      const all = parts.join("\n");
      for (const cell of [...head, ...rows.flat()]) expect(all).toContain(cell);
    }
    expect(sideBySide(head, rows, 80)).toHaveLength(1);
    expect(sideBySide(head, rows, 24).length).toBeGreaterThan(1);
  });

  it("has a column in each part, however narrow the terminal is", () => {
    expect(sideBySide(head, rows, 5)).toHaveLength(3);
  });

  it("breaks its labels where they leave no room for a figure", () => {
    const label = "a label of a great many words";
    const [table = ""] = sideBySide(["", "alpha"], [[label, "1,234,567"]], 30);
    expect(widest(table)).toBeLessThanOrEqual(30);
    expect(table.replaceAll(/\s+/g, " ")).toContain("1,234,567");
    for (const word of label.split(" ")) expect(table).toContain(word);
  });
});

describe("a long line", () => {
  it("goes on below its own beginning, and loses nothing but spaces", () => {
    expect(folded("    a b c d e f", 10)).toBe("    a b c\n      d e\n      f");
    expect(folded("  key   a text of words", 18)).toBe("  key   a text of\n        words");
    expect(folded("short\n\nlines", 10)).toBe("short\n\nlines");
    expect(folded("  averylongwordindeed", 10)).toBe("  averylongwordindeed");
  });
});

describe("what is printed fits the terminal", () => {
  const dir = mkdtempSync(join(tmpdir(), "width-"));
  const file = (name: string) => join(dir, name);
  beforeAll(async () => {
    await bench("workloads", "flips:seconds=1", "-o", file("w.jsonl"));
    await bench("run", file("w.jsonl"), "--policy", "xe", "-f", "json", "-o", file("r.json"));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true });
  });
  it("the help of every command, too", async () => {
    vi.stubEnv("COLUMNS", "60");
    for (const name of Object.keys(COMMANDS)) {
      const { out } = await bench(name, "--help");
      expect(out).toContain("FLAGS");
      const long = out.split("\n").filter((line) => line.length > 60 && line.trim().includes(" "));
      expect(long, name).toEqual([]);
    }
  });

  const cases = new URL("../../../packages/conformance/vectors/doc-cases.jsonl.gz", import.meta.url);

  it.each([
    ["run", () => ["run", file("w.jsonl"), "--details"]],
    ["study", () => ["study", "W3", "W4", "--details"]],
    ["study --schedules", () => ["study", "--schedules"]],
    ["why", () => ["why"]],
    ["explain", () => ["explain", file("w.jsonl"), "--policy", "xe", "--bo", "3"]],
    ["explore", () => ["explore", "xe", "--scenario", "destroy-vs-unmap", "--workers", "1"]],
    ["bugs", () => ["bugs", "X4", "P5", "W10"]],
    ["compare", () => ["compare", file("r.json"), file("r.json"), "--all"]],
    ["workloads", () => ["workloads"]],
    ["workloads flips", () => ["workloads", "flips:seconds=1"]],
    ["conformance", () => ["conformance", fileURLToPath(cases)]],
    ["micro", () => ["micro", "--case", "find", "--case", "hole", "--n", "100", "--ops", "1000", "--full"]],
  ])("%s", async (_, words) => {
    for (const width of [60, 100]) {
      vi.stubEnv("COLUMNS", String(width));
      const { out } = await bench(...words());
      expect(out.length).toBeGreaterThan(100);
      // A word that is longer than a line, such as a token to replay, is left as it is, on a line of its own.
      const long = out.split("\n").filter((line) => line.length > width && line.trim().includes(" "));
      expect(long, `${width} columns`).toEqual([]);
    }
  });
});
