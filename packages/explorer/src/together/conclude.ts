import type { Scenario } from "../scenario/scenario.ts";
import { Findings, type SearchResult } from "../search/result.ts";
import { search } from "../search/search.ts";
import { withShort } from "../search/shortened.ts";
import type { Common } from "./common.ts";
import { answersAreState, type Part, type PartOptions } from "./part.ts";
import { SharedVisited } from "./shared-visited.ts";

/**
 * What all parts of a search come to: what `search` comes to in one thread, but for the longest schedule, which depends on who
 * came to a state first. Where more depends on that the search is done again in this one thread: if a limit was hit, or something was
 * found and may be shown by any schedule. Null: somebody asked what calls returned, so all is to be done again with `answers`.
 *
 * @throws NotTransformed
 */
export function conclude(
  scenario: Scenario,
  options: PartOptions,
  common: Common,
  parts: readonly Part[],
): SearchResult | null {
  if (parts.some(({ end }) => end === "asked")) return null;
  if (parts.some(({ end }) => end === "limit")) return search(scenario, options);
  const findings = new Findings(scenario);
  for (const part of parts) findings.join(part);
  const sum = (count: "transitions" | "runs") => parts.reduce((n, part) => n + part[count], 0);
  const { size, bytes } = new SharedVisited(common);
  const found = findings.result({
    ...{ method: options.order, states: size, transitions: sum("transitions"), runs: sum("runs") },
    ...{ depth: Math.max(...parts.map(({ depth }) => depth)), steps: 0, level: 0, bound: null, bytes },
  });
  if (found.findings.length > 0 && options.order === "dfs") return search(scenario, options);
  const short = withShort(scenario, options, found, answersAreState(scenario, common));
  if (short === null) return null;
  return short.all ? short.result : search(scenario, options);
}
