// Explores what ships for some policies until something is found: `node hunt.ts POLICY...`; `--scopes`: without the pairs. What
// takes least is explored first. Prints one line of JSON.

import { register } from "../../../packages/explorer/src/node/index.ts";

// Before anything that is explored is loaded.
register();
const { search } = await import("../../../packages/explorer/src/index.ts");
const { generatedOf, scopesOf } = await import("../../../packages/scenarios/src/index.ts");
type Named = ReturnType<typeof scopesOf>[number];

/** Steps of one search at most; a few have more of them once failures are injected. */
const MAX_STEPS = 20_000_000;
const FEW_STEPS = 100_000;

/** The scenario, and the property that does not hold in it; null: all hold. */
function hunt(policies: readonly string[], pairs: boolean): string | null {
  for (const generated of pairs ? [false, true] : [false]) {
    for (const failures of [0, 1]) {
      for (const policy of policies) {
        const all = generated ? generatedOf(policy, 2) : scopesOf(policy);
        const found = huntIn(all, failures, failures === 0 && !generated ? MAX_STEPS : FEW_STEPS);
        if (found !== null) return found;
      }
    }
  }
  return null;
}

function huntIn(all: readonly Named[], failures: number, maxSteps: number): string | null {
  for (const { name, scenario, failures: own } of all) {
    const most = Math.max(own, failures);
    const result = search(scenario, { order: "dfs", failures: most, stopAtFirst: true, maxSteps });
    const [finding] = result.findings;
    const endless = maxSteps === MAX_STEPS ? result.bound : null;
    // A pair may be of calls that are refused: what it never reached is no find.
    const never = failures === 0 && maxSteps === MAX_STEPS ? result.unreached[0] : undefined;
    const found = finding?.key ?? endless ?? never;
    if (found !== undefined) return `${name}${failures > 0 ? " --inject 1" : ""}: ${found}`;
  }
  return null;
}

// What breaks down outside of a schedule is no property: run.ts tells such a one from those that were found.
const args = process.argv.slice(2);
const policies = args.filter((arg) => !arg.startsWith("--"));
console.log(JSON.stringify({ by: hunt(policies, !args.includes("--scopes")) }));
