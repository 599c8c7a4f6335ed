import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { DEFAULT_PARAMS, runStudyOn, studySubjects, THREAD_COSTS } from "@gpuvm/study";
import { describe, expect, it } from "vitest";
import { studyText } from "../src/format/study-text.ts";
import { loadCosts } from "../src/inputs/load-costs.ts";

describe("study", () => {
  it("fits a screen: the table of the nine ways", () => {
    const nine = runStudyOn(studySubjects().slice(0, 9), [], DEFAULT_PARAMS);
    const [table = ""] = studyText(nine, THREAD_COSTS, false).split("\n\n");
    expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(180);
    expect(table.split("\n").length).toBeLessThanOrEqual(24);
  });

  it("takes costs from a file, and says which file cannot be read", async () => {
    const dir = mkdtempSync(join(tmpdir(), "gpuvm-costs-"));
    const file = join(dir, "costs.json");
    writeFileSync(file, '[{"what":"unmap","low_ms":1,"high_ms":2,"source":"me"}]');
    expect(await loadCosts(file)).toHaveLength(1);
    await expect(loadCosts(join(dir, "nowhere.json"))).rejects.toThrow(UsageError);
    await expect(loadCosts(join(dir, "nowhere.json"))).rejects.toThrow(/nowhere\.json/);
    expect(await loadCosts(undefined)).toBe(THREAD_COSTS);
    rmSync(dir, { recursive: true });
  });
});
