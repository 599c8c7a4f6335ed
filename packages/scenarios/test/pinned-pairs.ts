import { neverReached, reached } from "@gpuvm/explorer";
import { expect, it } from "vitest";
import { exploreGenerated, generatedOf } from "../src/generated.ts";

/**
 * Steps of one search. All pairs are explored here, nine of ten to the end: these few steps keep them within a minute on two
 * cores. `explore --pairs` gives each 200,000.
 */
const STEPS = 1000;

/** Explores every pair of calls of some policies, and pins what was reached. In two test files, for both cores of a small machine. */
export function pinPairs(policies: readonly string[]): void {
  /** A change of what was reached is one of what the checks can see: look at it, then `vitest run -u`. */
  it.each([...policies])(
    "%s: no pair of calls breaks a property; what they reach is pinned",
    async (policy) => {
      const result = exploreGenerated(generatedOf(policy, 2), { arity: 2, maxSteps: STEPS });
      expect(result.causes).toEqual([]);
      expect(result.refused).toBe(0);
      expect(result.covered.raced).not.toEqual([]);
      expect(result.covered.answers.filter((answer) => answer.endsWith(" done"))).not.toEqual([]);
      const { scenarios, idle, stopped, covered, allowed } = result;
      const lines = [
        `${scenarios} pairs, ${stopped.length} stopped after ${STEPS} steps, ${idle} left out, as both calls are refused`,
        ...reached(covered),
        ...Object.entries(allowed).map(([what, n]) => `allowed: ${what}: in ${n}`),
        ...covered.answers.map((answer) => `answered: ${answer}`),
        ...covered.orders.map((order) => `lock in lock: ${order}`),
        ...covered.lists.map((move) => `moved ${move}`),
        ...neverReached(covered),
      ];
      await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`pairs/${policy.replace(":", "-")}.txt`);
    },
    900_000,
  );
}
