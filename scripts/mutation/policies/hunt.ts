// Explores what ships for some policies until something is found: `node hunt.ts POLICY...`. Prints one line of JSON.

import { search } from "../../../packages/explorer/src/index.ts";
import { scopesOf } from "../../../packages/scenarios/src/index.ts";

/** Steps of one search at most; a few scopes have more of them once failures are injected. */
const MAX_STEPS = [20_000_000, 1_000_000];

/** The scenario, and the property that does not hold in it; null: all hold. */
function hunt(policies: readonly string[]): string | null {
  for (const policy of policies) {
    for (const failures of [0, 1]) {
      for (const { name, scenario } of scopesOf(policy)) {
        const maxSteps = MAX_STEPS[failures] ?? 0;
        const result = search(scenario, { order: "dfs", failures, stopAtFirst: true, maxSteps });
        const [finding] = result.findings;
        const found = finding?.key ?? (failures > 0 ? undefined : (result.bound ?? result.unreached[0]));
        if (found !== undefined) return `${name}${failures > 0 ? " --inject 1" : ""}: ${found}`;
      }
    }
  }
  return null;
}

let by: string | null;
try {
  by = hunt(process.argv.slice(2));
} catch (error) {
  by = `crash: ${error instanceof Error ? error.message : String(error)}`;
}
console.log(JSON.stringify({ by }));
