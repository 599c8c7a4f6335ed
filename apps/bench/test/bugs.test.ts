import { readFileSync } from "node:fs";
import { parseToken } from "@gpuvm/explorer";
import { describe, expect, it } from "vitest";
import { runBugs } from "../src/commands/bugs.ts";
import { runExplore } from "../src/commands/explore.ts";

describe("bugs", () => {
  it("prints JSON that is the same each time", async () => {
    const outputs: string[] = [];
    for (const workers of [1, 2]) {
      let text = "";
      expect(await runBugs({ ids: ["X1"], json: true, workers }, (s) => (text += s))).toBe(0);
      outputs.push(text);
    }
    expect(outputs[1]).toBe(outputs[0]);
    expect(JSON.parse(outputs[0] ?? "")[0]).toMatchObject({ id: "X1", found: true, fixedClean: true });
  });

  it("refuses a number that there is not", async () => {
    await expect(runBugs({ ids: ["Z9"] }, () => {})).rejects.toThrow(/unknown bug "Z9"/);
  });
});

describe("explore", () => {
  it("shows a counterexample that its token shows again", async () => {
    let first = "";
    expect(await runExplore({ bug: "X4" }, (s) => (first += s))).toBe(1);
    const token = /replay: (\S+)/.exec(first)?.[1] ?? "";
    expect(parseToken(token)).not.toBeNull();
    let again = "";
    expect(await runExplore({ replay: token }, (s) => (again += s))).toBe(1);
    expect(again).toContain("page tables are written after they were given back");
    expect(first).toContain(again.trimEnd());
  });

  it("explores the guide's policy, which is sound unless it forgets to unmap", async () => {
    const policy = new URL("../examples/my-policy.ts", import.meta.url).pathname;
    expect(await runExplore({ policy, inject: 1 }, () => {})).toBe(0);
    let text = "";
    expect(
      await runExplore({ policy: `${policy}+forgets`, scenario: "overlapping-binds" }, (s) => (text += s)),
    ).toBe(1);
    const guide = readFileSync(new URL("../../docs/guides/writing-a-policy.md", import.meta.url), "utf8");
    for (const line of text.split("\n").filter((l) => /^(violated|1 |\s+@)/.test(l)))
      expect(guide).toContain(line);
  });

  it("explores a policy from outside of the repository", async () => {
    let text = "";
    const policy = new URL("outside-policy.ts", import.meta.url).pathname;
    expect(await runExplore({ policy, scenario: "twice" }, (s) => (text += s))).toBe(1);
    expect(text).toContain("violated: leak");
  });
});
