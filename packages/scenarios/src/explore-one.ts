import {
  blocksOf,
  type Common,
  conclude,
  dpor,
  type Finding,
  formatStory,
  formatToken,
  type Part,
  type PartOptions,
  type Progress,
  type SearchResult,
  sample,
  search,
  searchPart,
  shrinkSchedule,
  storyToPerfetto,
  tell,
} from "@gpuvm/explorer";
import type { Named } from "./named.ts";

/** How schedules are chosen. */
export type Method = "bfs" | "dfs" | "dpor" | "naive" | "random" | "pct";

/** How one scenario is explored. */
export interface How {
  /** Default `bfs`. */
  readonly method?: Method;
  /** Injected failures in one schedule; default: none, or what the bug takes. */
  readonly inject?: number;
  /** Where the chance begins; default 1. */
  readonly seed?: number;
  /** Schedules at random; default 10000. */
  readonly runs?: number;
  /** Steps of one search at most; default 20 million. */
  readonly maxSteps?: number;
  /** Stop at the first finding. */
  readonly first?: boolean;
}

/** One scenario, explored. */
export interface Explored {
  readonly name: string;
  readonly result: SearchResult;
  /** Counterexamples, shrunk. */
  readonly shown: readonly Shown[];
  /** Kinds of violation that were not looked for, with the reasons. */
  readonly allow: Readonly<Record<string, string>>;
}

/** A counterexample. */
export interface Shown {
  readonly key: string;
  readonly token: string;
  readonly steps: number;
  readonly table: string;
  readonly perfetto: string;
  /** Tokens of the other schedules that it takes. */
  readonly others: readonly string[];
}

/** Bytes that one search may remember: a GiB, as there is one search for each core. */
const MAX_BYTES = 2 ** 30;

/**
 * Explores one scenario.
 *
 * @throws NotTransformed unless it runs as the explorer's copy of itself, or `how` asks for `dpor`, `naive` or chance
 */
export function exploreOne(named: Named, how: How, progress?: (progress: Progress) => void): Explored {
  return showAll(named, searchOne(named, how, progress));
}

/** Tells what a search has found, in tables of so many columns. Plain code does: errors in it have their true stack traces. */
export function showAll(named: Named, result: SearchResult, width?: number): Explored {
  const shown = result.findings.map((finding) => show(named, finding, width));
  return { name: named.name, result, shown, allow: named.scenario.allow ?? {} };
}

/** Searches one scenario; what is found is only named. */
export function searchOne(
  { scenario, failures }: Named,
  how: How,
  progress?: (p: Progress) => void,
): SearchResult {
  const { method = "bfs", seed = 1, runs = 10_000 } = how;
  const limits = { ...limitsOf(how, failures, progress), stopAtFirst: how.first ?? false };
  switch (method) {
    case "random":
    case "pct":
      return sample(scenario, { ...limits, method, seed, runs });
    case "dpor":
      return dpor(scenario, limits);
    case "naive":
      return search(scenario, { ...limits, order: "dfs", states: false });
    default:
      return search(scenario, { ...limits, order: method });
  }
}

function limitsOf(how: How, failures: number, progress: ((progress: Progress) => void) | undefined) {
  return {
    failures: how.inject ?? failures,
    maxSteps: how.maxSteps ?? 20_000_000,
    maxBytes: MAX_BYTES,
    ...(progress === undefined ? {} : { progress }),
  };
}

function sharedOptions(
  how: How,
  failures: number,
  progress: ((progress: Progress) => void) | undefined,
): PartOptions {
  return { ...limitsOf(how, failures, progress), order: how.method === "dfs" ? "dfs" : "bfs" };
}

/** Whether several threads can search one scenario so: none if it is stopped by what is found, or every schedule is run. */
export function isShared({ method = "bfs", first }: How): boolean {
  return (method === "bfs" || method === "dfs") && first !== true;
}

/** What a thread does of such a search, in memory that they have in common (`newCommon`). */
export function searchPartOf(
  { scenario, failures }: Named,
  how: How,
  common: Common,
  first: boolean,
  progress?: (progress: Progress) => void,
): Part {
  return searchPart(scenario, sharedOptions(how, failures, progress), common, first);
}

/** What it comes to, once all its threads are done; null: it is to be done again with {@link Common.answers}. */
export function concludeParts(
  { scenario, failures }: Named,
  how: How,
  common: Common,
  parts: readonly Part[],
  progress?: (progress: Progress) => void,
): SearchResult | null {
  return conclude(scenario, sharedOptions(how, failures, progress), common, parts);
}

function show(named: Named, finding: Finding, width?: number): Shown {
  const { scenario, dropped, schedule } = shrinkSchedule(named.scenario, finding.schedule, finding.key);
  const { others = [] } = finding;
  const told = tell(scenario, schedule);
  // No single schedule shows what takes several, or what never ends.
  const shows = others.length === 0 && told.violation !== null;
  const story = shows ? told : { ...told, violation: finding.violation };
  return {
    key: finding.key,
    token: formatToken({ scenario: named.name, dropped, schedule }),
    steps: blocksOf(schedule).length,
    table: formatStory(story, width),
    perfetto: storyToPerfetto(story),
    others: others.map((other) => formatToken({ scenario: named.name, dropped: [], schedule: other })),
  };
}
