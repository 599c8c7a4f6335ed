import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resultsFile, runOf } from "../../../packages/results/test/results-fixture.ts";
import { runCompare } from "../src/commands/compare.ts";
import { readResults } from "../src/inputs/read-results.ts";

describe("gpuvm-bench compare", () => {
  const dir = mkdtempSync(join(tmpdir(), "compare-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const before = file("a.json", JSON.stringify(resultsFile(runOf({ ptes_written: 100 }))));
  const after = file("b.json", JSON.stringify(resultsFile(runOf({ ptes_written: 200 }))));
  const args = { before, after, threshold: 0.05, all: false, format: "table" as const };

  it("answers 3 on a regression only when asked to", async () => {
    let text = "";
    expect(await runCompare({ ...args, failOnRegression: true }, (t) => (text += t))).toBe(3);
    expect(text).toContain("ptes_written");
    expect(await runCompare({ ...args, failOnRegression: false }, () => {})).toBe(0);
    expect(
      await runCompare({ ...args, before: after, after: before, failOnRegression: true }, () => {}),
    ).toBe(0);
  });

  it.each([
    ["missing.json", null],
    ["text.json", "hello"],
    ["other.json", `{"format":"x"}`],
    ["halved.json", JSON.stringify(resultsFile(runOf())).replace(`"samples_ms"`, `"samples"`)],
  ])("says what is wrong with %s", async (name, text) => {
    const path = text === null ? join(dir, name) : file(name, text);
    await expect(readResults(path)).rejects.toThrow(new RegExp(name));
  });
});
