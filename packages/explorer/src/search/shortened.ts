import type { Scenario } from "../scenario/scenario.ts";
import { Least } from "../state/least.ts";
import { go, limitsOf, newTally, stopper } from "./go.ts";
import type { SearchOptions } from "./options.ts";
import { type Finding, Findings, type SearchResult } from "./result.ts";

/** A search's result, with short schedules. */
export interface Shortened {
  readonly result: SearchResult;
  /** Whether each finding has one of them; false: some have the schedule that the search came by first. */
  readonly all: boolean;
}

/**
 * Shows what a search has found by schedules with as few changes of actor as can be, where that is asked for. Null: somebody asked what
 * calls returned, and states were taken for one that differ in that.
 */
export function withShort(
  scenario: Scenario,
  options: SearchOptions,
  found: SearchResult,
  answers: boolean,
): Shortened | null {
  if (options.order === "dfs" || found.findings.length === 0) return { result: found, all: true };
  const short = shortened(scenario, options, found.findings, answers);
  if (short === null) return null;
  const { findings, level, all } = short;
  return { result: { ...found, findings, level, steps: found.transitions + short.transitions }, all };
}

/**
 * What is known to be found, by searches with a growing bound on the changes of actor. With `stopAtFirst` whatever the least
 * bound shows.
 */
function shortened(
  scenario: Scenario,
  options: SearchOptions,
  known: readonly Finding[],
  answers: boolean,
): { findings: readonly Finding[]; level: number; transitions: number; all: boolean } | null {
  const wanted = new Set(known.map(({ key }) => key));
  const first = options.stopAtFirst === true;
  const tally = newTally();
  const found = new Findings({ ...scenario, sometimes: {} });
  const stop = stopper(options, tally, null);
  for (let level = 1; ; level++) {
    if (level > (options.maxBlocks ?? Number.POSITIVE_INFINITY)) break;
    const least = new Least();
    let cut = false;
    const done = go(scenario, found, tally, answers, {
      ...limitsOf(options),
      enter: (hash, actor, blocks) => {
        hash.int(actor);
        return least.put(hash.a, hash.b, blocks);
      },
      mayChange: (blocks) => {
        if (blocks < level) return true;
        cut = true;
        return false;
      },
      stepped: stop,
    });
    if (!done) return null;
    const { findings } = found.result({ ...tally, steps: 0, level: 0, method: "bfs", states: 0, bytes: 0 });
    const missing = [...wanted].filter((key) => !findings.some((finding) => finding.key === key));
    const enough = first ? findings.length > 0 : missing.length === 0;
    if (!enough && cut && tally.bound === null) continue;
    const rest = first ? [] : known.filter(({ key }) => missing.includes(key));
    return {
      findings: findings.length === 0 ? known : [...findings, ...rest],
      level,
      transitions: tally.transitions,
      all: missing.length === 0,
    };
  }
  return { findings: known, level: options.maxBlocks ?? 0, transitions: tally.transitions, all: false };
}
