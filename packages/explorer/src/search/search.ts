import type { Scenario } from "../scenario/scenario.ts";
import { Visited } from "../state/visited.ts";
import { answersDecideAtEnd } from "./answers-decide.ts";
import { go, limitsOf, newTally, stopper } from "./go.ts";
import { naive } from "./naive.ts";
import type { SearchOptions } from "./options.ts";
import { type Finding, Findings, type Limits, type SearchResult } from "./result.ts";
import { withShort } from "./shortened.ts";

/**
 * Goes through all schedules of a scenario, each state once.
 *
 * @throws NotTransformed if the code is not the explorer's copy of itself (see `@gpuvm/explorer/transform`)
 */
export function search(scenario: Scenario, options: SearchOptions): SearchResult {
  if (options.states === false) return naive(scenario, options);
  return decides(scenario, options) ?? (all(scenario, options, true) as SearchResult);
}

/** The shortest schedule that shows a finding, by fewest changes of actor; null: none within the limits. */
export function shortest(scenario: Scenario, limits: Limits): Finding | null {
  return search(scenario, { ...limits, order: "bfs", stopAtFirst: true }).findings[0] ?? null;
}

/** With states that differ in what calls returned taken for one, if nobody asks; null: somebody does. */
function decides(scenario: Scenario, options: SearchOptions): SearchResult | null {
  return answersDecideAtEnd(scenario) ? null : all(scenario, options, false);
}

function all(scenario: Scenario, options: SearchOptions, answers: boolean): SearchResult | null {
  const findings = new Findings(scenario);
  const tally = newTally();
  const visited = new Visited();
  const stop = stopper(options, tally, visited);
  const done = go(scenario, findings, tally, answers, {
    ...limitsOf(options),
    coverage: options.coverage,
    enter: (hash) => visited.add(hash.a, hash.b),
    mayChange: () => true,
    stepped: () => (options.stopAtFirst === true && findings.size > 0) || stop(),
  });
  if (!done) return null;
  for (const [before, after] of findings.orders.pairs()) options.coverage?.order(before, after);
  const found = findings.result({
    ...{ ...tally, steps: 0, level: 0, method: options.order },
    ...{ states: visited.size, bytes: visited.bytes },
  });
  return withShort(scenario, options, found, answers)?.result ?? null;
}
