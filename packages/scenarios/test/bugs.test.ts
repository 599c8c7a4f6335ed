import { type SearchResult, search } from "@gpuvm/explorer";
import { describe, expect, it } from "vitest";
import { scenarioOf } from "../src/bugs/bug.ts";
import { BUGS, UNEXPRESSED } from "../src/bugs/catalogue.ts";
import { checkBug } from "../src/bugs/check.ts";
import { RULES } from "../src/bugs/rules.ts";
import { scopesOf } from "../src/named.ts";

const keys = (result: SearchResult) => result.findings.map(({ key }) => key).sort();

describe("public reports", () => {
  it("faults after a sharer's exit, where all programs share the GPU's VM, and only there", () => {
    const kinds = (policy: string) => {
      const scope = scopesOf(policy).find(({ name }) => name.endsWith("/exit-of-a-sharer"));
      if (scope === undefined) throw new Error("no such scope");
      return search(scope.scenario, { order: "dfs" }).findings.map(({ violation }) => violation.kind);
    };
    expect(kinds("msm:shared")).toEqual(["gpu-fault"]);
    expect(kinds("msm:mainline")).toEqual([]);
  });
});

describe("bugs", () => {
  it.each(BUGS.map((bug) => [bug.id, bug] as const))("%s is found in its buggy form only", (_, bug) => {
    const result = checkBug(bug);
    expect(result.violation).not.toBeNull();
    expect(result).toMatchObject({ found: true, fixedClean: true, fixedFindings: [] });
    expect(result.steps).toBeGreaterThan(0);
    expect(result.steps).toBeLessThanOrEqual(12);
  });

  it.each(RULES.map((rule) => [rule.id, rule] as const))("%s comes out as the sources say", (_, rule) => {
    expect(rule.run()).toMatchObject({ asExpected: true });
  });

  it("comes to what all schedules come to, wherever these can be run one by one", () => {
    const tooLarge: string[] = [];
    for (const bug of BUGS) {
      for (const buggy of [true, false]) {
        const scenario = scenarioOf(bug, buggy);
        const failures = bug.failures ?? 0;
        const naive = search(scenario, { order: "dfs", states: false, failures, maxSteps: 20_000 });
        const reduced = search(scenario, { order: "dfs", failures });
        if (naive.bound !== null) tooLarge.push(bug.id);
        else expect(keys(reduced), `${bug.id}, ${buggy}`).toEqual(keys(naive));
      }
    }
    // Of P6 the fixed form, which goes on to the end of a job and of its queue; P9 is three jobs in two queues.
    expect(tooLarge).toEqual(["N7", "N7", "P6", "P9", "P9"]);
  }, 120_000);

  it("says which entries are not expressed, and why", () => {
    const ids = [...BUGS, ...UNEXPRESSED].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { reason } of UNEXPRESSED) expect(reason).not.toBe("");
  });
});
