import type { Scenario } from "../scenario/scenario.ts";
import type { Hash } from "../state/hash.ts";
import { Descent, type Guide, type Tally } from "./descent.ts";
import type { SearchOptions } from "./options.ts";
import type { Findings } from "./result.ts";

const DEPTH = 1000;

/** Steps between two words about how far it is. */
export const PROGRESS_STEPS = 1024;

/**
 * Goes through a scenario by a guide, from the beginning unless something else is asked for. False: somebody asked what calls
 * returned, and it is no part of the state.
 */
export function go(
  scenario: Scenario,
  findings: Findings,
  tally: Tally,
  answers: boolean,
  guide: Guide,
  run: (descent: Descent) => void = (descent) => descent.run(),
): boolean {
  const failing = guide.failures > 0;
  const enter: Guide["enter"] = (hash: Hash, actor, blocks, failures, world): boolean => {
    // With fewer failures behind it the same state has more before it.
    if (failing) hash.int(failures);
    return guide.enter(hash, actor, blocks, failures, world);
  };
  const descent = new Descent(scenario, findings, { ...guide, enter }, tally, answers);
  try {
    run(descent);
  } finally {
    descent.end();
  }
  return !descent.mistaken;
}

/** Nothing is gone through yet. */
export function newTally(): Tally {
  return { transitions: 0, runs: 0, depth: 0, bound: null };
}

/** What a scenario is gone through with, by its options. */
export function limitsOf(options: SearchOptions): { failures: number; maxDepth: number } {
  return { failures: options.failures ?? 0, maxDepth: options.maxDepth ?? DEPTH };
}

/** Asked after each step: whether a limit is hit. */
export function stopper(
  options: SearchOptions,
  tally: Tally,
  visited: { readonly bytes: number; readonly size: number } | null,
): () => boolean {
  const { maxSteps = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY, progress } = options;
  return () => {
    const bytes = visited?.bytes ?? 0;
    if (tally.transitions >= maxSteps) tally.bound = `${maxSteps} steps`;
    else if (bytes > maxBytes) tally.bound = `${maxBytes} bytes of states`;
    if (tally.transitions % PROGRESS_STEPS === 0)
      progress?.({ ...tally, steps: tally.transitions, states: visited?.size ?? 0, queued: 0, bytes });
    return tally.bound !== null && !tally.bound.endsWith("deep");
  };
}
