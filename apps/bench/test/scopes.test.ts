import { search } from "@gpuvm/explorer";
import { expect, it } from "vitest";
import { scenariosOf } from "../src/explore/resolve.ts";

const POLICIES = [
  "msm:soft",
  "msm:vm-bind",
  "nouveau:vm-bind",
  "xe:mainline",
  "panthor:mainline",
  "powervr:mainline",
];

/** A change of these figures is a change of what the model does: look at it, then `vitest run -u`. */
it.each(POLICIES)(
  "%s is explored to the end in every scope, with the pinned figures",
  async (policy) => {
    const lines: string[] = [];
    for (const { scenario } of await scenariosOf(policy)) {
      const result = search(scenario, { order: "dfs" });
      const { states, transitions, depth, runs, bound, findings, unreached } = result;
      expect(findings).toEqual([]);
      expect(bound).toBeNull();
      expect(unreached).toEqual([]);
      lines.push(
        `${scenario.name}: ${states} states, ${transitions} transitions, depth ${depth}, ${runs} ends`,
      );
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`scopes/${policy.replace(":", "-")}.txt`);
  },
  300_000,
);
