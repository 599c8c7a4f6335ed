import { dpor, type SearchResult, search } from "@gpuvm/explorer";
import { describe, expect, it } from "vitest";
import { scenarioOf } from "../src/bugs/bug.ts";
import { BUGS } from "../src/bugs/catalogue.ts";

const keys = ({ findings }: SearchResult) => findings.map(({ key }) => key).sort();

/** What all states show is what all schedules show: `bugs.test.ts` runs these one by one. */
describe.each([
  ["buggy", true],
  ["fixed", false],
] as const)("one schedule of each kind shows what all show, %s form", (_form, buggy) => {
  for (const bug of BUGS) {
    it(bug.id, () => {
      const scenario = { ...scenarioOf(bug, buggy), sometimes: {} };
      const failures = bug.failures ?? 0;
      const reduced = dpor(scenario, { failures, maxSteps: 3000 });
      const states = search(scenario, { order: "dfs", failures });
      if (reduced.bound === null) expect(keys(reduced)).toEqual(keys(states));
      else expect(keys(states)).toEqual(expect.arrayContaining(keys(reduced)));
    }, 60_000);
  }
});
