import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("tally.mjs", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "gpuvm-tally-"));
const tests = join(scratch, "tests.json");
const runs = join(scratch, "runs");
mkdirSync(runs);
writeFileSync(tests, JSON.stringify({ numPassedTests: 7, numFailedTests: 0 }));
writeFileSync(join(runs, "1.json"), JSON.stringify({ execution: { success: 4, cached: 1, failed: 0 } }));
afterAll(() => rmSync(scratch, { recursive: true }));

function tally(...args: string[]): [string, number | null] {
  const { stdout, status } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  return [stdout, status];
}

describe("tally", () => {
  it("adds tests, checks and what a user of the packages does", () => {
    expect(tally(tests, "0", runs, "0", "0")).toEqual(["13 passed, 0 failed\n", 0]);
  });

  it("counts a part that failed without naming a failure", () => {
    expect(tally(tests, "1", runs, "0", "0")).toEqual(["13 passed, 1 failed\n", 1]);
    expect(tally(tests, "0", join(scratch, "none"), "124", "0")).toEqual(["8 passed, 1 failed\n", 1]);
    expect(tally(tests, "0", runs, "0", "124")).toEqual(["12 passed, 1 failed\n", 1]);
  });

  it("does not take silence for success", () => {
    expect(tally(join(scratch, "none"), "0", join(scratch, "none"), "0", "")).toEqual([
      "0 passed, 1 failed\n",
      1,
    ]);
  });
});
