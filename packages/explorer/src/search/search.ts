import type { Scenario } from "../scenario/scenario.ts";
import type { Hash } from "../state/hash.ts";
import { Least } from "../state/least.ts";
import { Visited } from "../state/visited.ts";
import { answersDecideAtEnd } from "./answers-decide.ts";
import { Descent, type Guide, type Tally } from "./descent.ts";
import { naive } from "./naive.ts";
import type { SearchOptions } from "./options.ts";
import { type Finding, Findings, type Limits, type SearchResult } from "./result.ts";

const DEPTH = 1000;

/** Steps between two words about how far it is. */
const WORD = 1024;

/**
 * Goes through all schedules of a scenario, each state once.
 *
 * @throws NotTransformed if the code is not the explorer's copy of itself (see `@gpuvm/explorer/transform`)
 */
export function search(scenario: Scenario, options: SearchOptions): SearchResult {
  if (options.states === false) return naive(scenario, options);
  return decides(scenario, options) ?? (all(scenario, options, true) as SearchResult);
}

/** With states that differ in what calls returned taken for one, if nobody asks; null: somebody does. */
function decides(scenario: Scenario, options: SearchOptions): SearchResult | null {
  return answersDecideAtEnd(scenario) ? null : all(scenario, options, false);
}

function all(scenario: Scenario, options: SearchOptions, answers: boolean): SearchResult | null {
  const findings = new Findings(scenario);
  const tally: Tally = { transitions: 0, runs: 0, depth: 0, bound: null };
  const visited = new Visited();
  const stop = stopper(options, tally, () => visited);
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
    ...tally,
    ...none,
    method: options.order,
    states: visited.size,
    bytes: visited.bytes,
  });
  if (options.order === "dfs" || found.findings.length === 0) return found;
  const short = shortened(scenario, options, found.findings, answers);
  if (short === null) return null;
  return {
    ...found,
    findings: short.findings,
    level: short.level,
    steps: tally.transitions + short.transitions,
  };
}

const none = { steps: 0, level: 0 };

/** The shortest schedule that shows a finding, by fewest changes of actor; null: none within the limits. */
export function shortest(scenario: Scenario, limits: Limits): Finding | null {
  return search(scenario, { ...limits, order: "bfs", stopAtFirst: true }).findings[0] ?? null;
}

/**
 * What is known to be found, by schedules with as few changes of actor as can be: searches with a growing bound on these. With
 * `stopAtFirst` whatever the least bound shows.
 */
function shortened(
  scenario: Scenario,
  options: SearchOptions,
  known: readonly Finding[],
  answers: boolean,
): { findings: readonly Finding[]; level: number; transitions: number } | null {
  const wanted = new Set(known.map(({ key }) => key));
  const first = options.stopAtFirst === true;
  const tally: Tally = { transitions: 0, runs: 0, depth: 0, bound: null };
  const found = new Findings({ ...scenario, sometimes: {} });
  const stop = stopper(options, tally, () => null);
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
    const { findings } = found.result({ ...tally, ...none, method: "bfs", states: 0, bytes: 0 });
    const missing = [...wanted].filter((key) => !findings.some((finding) => finding.key === key));
    const enough = first ? findings.length > 0 : missing.length === 0;
    if (!enough && cut && tally.bound === null) continue;
    const rest = first ? [] : known.filter(({ key }) => missing.includes(key));
    return {
      findings: findings.length === 0 ? known : [...findings, ...rest],
      level,
      transitions: tally.transitions,
    };
  }
  return { findings: known, level: options.maxBlocks ?? 0, transitions: tally.transitions };
}

/** False: somebody asked what calls returned, and it is no part of the state. */
function go(scenario: Scenario, findings: Findings, tally: Tally, answers: boolean, guide: Guide): boolean {
  const failing = guide.failures > 0;
  const enter: Guide["enter"] = (hash: Hash, actor, blocks, failures, world): boolean => {
    // With fewer failures behind it the same state has more before it.
    if (failing) hash.int(failures);
    return guide.enter(hash, actor, blocks, failures, world);
  };
  const descent = new Descent(scenario, findings, { ...guide, enter }, tally, answers);
  try {
    descent.run();
  } finally {
    descent.end();
  }
  return !descent.mistaken;
}

function limitsOf(options: SearchOptions): { failures: number; maxDepth: number } {
  return { failures: options.failures ?? 0, maxDepth: options.maxDepth ?? DEPTH };
}

/** Asked after each step: whether a limit is hit. */
function stopper(options: SearchOptions, tally: Tally, visited: () => Visited | null): () => boolean {
  const { maxSteps = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY, progress } = options;
  return () => {
    const bytes = visited()?.bytes ?? 0;
    if (tally.transitions >= maxSteps) tally.bound = `${maxSteps} steps`;
    else if (bytes > maxBytes) tally.bound = `${maxBytes} bytes of states`;
    if (tally.transitions % WORD === 0)
      progress?.({ ...tally, steps: tally.transitions, states: visited()?.size ?? 0, queued: 0, bytes });
    return tally.bound !== null && !tally.bound.endsWith("deep");
  };
}
