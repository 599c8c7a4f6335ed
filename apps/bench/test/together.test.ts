import { bugNamed, type How, type Named } from "@gpuvm/scenarios";
import { expect, it } from "vitest";
import { exploreAll } from "../src/explore/explore-all.ts";
import { scenarioNamed } from "../src/explore/resolve.ts";

/** What is printed, of a run in which idle threads help from the first step on. */
async function printed(all: readonly Named[], how: How, workers: number): Promise<string> {
  const explored = await exploreAll(all, how, { workers, helpFrom: 0 });
  return JSON.stringify(
    explored.map(({ result: { depth: _, ...counts }, ...rest }) => ({ ...rest, counts })),
    null,
    1,
  );
}

/** Correct policies, and mistakes planted into each. */
const NAMES = [
  "xe/evict-then-cut",
  "nouveau/overlapping-binds",
  "powervr/import-fails",
  "powervr+P6/two-queues",
];
const BUGS = ["X4", "N1", "P1"];

it("comes to the same with one, two and three threads in one search", async () => {
  const all = [...(await Promise.all(NAMES.map(scenarioNamed))), ...BUGS.map(bugNamed)];
  const one = await printed(all, {}, 1);
  expect(one).toContain('"bound": null');
  expect(one.match(/"token"/g)?.length).toBeGreaterThanOrEqual(BUGS.length);
  for (const workers of [2, 3]) expect(await printed(all, {}, workers)).toBe(one);
});
