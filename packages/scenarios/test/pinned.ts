import { search } from "@gpuvm/explorer";
import { expect, it } from "vitest";
import { scopesOf } from "../src/named.ts";

/** Pins the figures of every scope of some policies. In two test files, so that both cores of a small machine have work. */
export function pinScopes(policies: readonly string[]): void {
  /** A change of these figures is a change of what the model does: look at it, then `vitest run -u`. */
  it.each([...policies])(
    "%s is explored to the end in every scope, with the pinned figures",
    async (policy) => {
      const lines: string[] = [];
      for (const { scenario, failures } of scopesOf(policy)) {
        const result = search(scenario, { order: "dfs", failures });
        const { states, transitions, runs, bound, findings, unreached } = result;
        expect(findings).toEqual([]);
        expect(bound).toBeNull();
        expect(unreached).toEqual([]);
        lines.push(`${scenario.name}: ${states} states, ${transitions} transitions, ${runs} ends`);
      }
      await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`scopes/${policy.replace(":", "-")}.txt`);
    },
    900_000,
  );
}
