import type { Scenario } from "../scenario/scenario.ts";
import { answersDecideAtEnd } from "../search/answers-decide.ts";
import type { Descent } from "../search/descent.ts";
import { go, limitsOf, newTally, PROGRESS_STEPS } from "../search/go.ts";
import type { SearchOptions } from "../search/options.ts";
import { Findings, type Seen } from "../search/result.ts";
import type { Common } from "./common.ts";
import { OpenWork } from "./open-work.ts";
import { SharedVisited } from "./shared-visited.ts";

/** What one thread has come to. It can be sent to another one. */
export interface Part extends Seen {
  readonly transitions: number;
  readonly runs: number;
  readonly depth: number;
  /** Why it has stopped: all was gone through, a limit was hit, or somebody asked what calls returned. */
  readonly end: "whole" | "limit" | "asked";
}

/** What a search by several threads takes: whoever shows all that is found, in whatever order. */
export type PartOptions = Omit<SearchOptions, "states" | "coverage" | "stopAtFirst">;

/**
 * One thread's part of a search: the `first` goes through the scenario from the beginning, the others wait until they are given a
 * branch. All return when there is nothing left. Which states are gone through, and so how many steps, does not depend on who does;
 * which thread does, and by which way it comes to them, does.
 *
 * @throws NotTransformed
 */
export function searchPart(scenario: Scenario, options: PartOptions, common: Common, first: boolean): Part {
  const findings = new Findings(scenario);
  const tally = newTally();
  const visited = new SharedVisited(common);
  const work = new OpenWork(common);
  const { maxSteps = Number.POSITIVE_INFINITY, progress } = options;
  const limits = limitsOf(options);
  let limited = false;
  const stepped = (): boolean => {
    const steps = work.step();
    if (steps >= maxSteps || visited.full || tally.bound !== null) {
      limited = true;
      work.stop();
    }
    if (tally.transitions % PROGRESS_STEPS === 0)
      progress?.({
        ...{ transitions: steps, steps, states: visited.size },
        ...{ depth: tally.depth, queued: 0, bytes: visited.bytes },
      });
    return work.over;
  };
  const run = (descent: Descent): void => {
    if (first) descent.run();
    else work.join();
    for (let branch = next(descent); branch !== null; branch = next(descent))
      descent.runFrom(branch.way, branch.failures);
  };
  const next = (descent: Descent) => {
    if (descent.mistaken) work.stop();
    return work.take();
  };
  try {
    const guide = {
      ...{ ...limits, stepped, mayChange: () => true },
      enter: ({ a, b }: { readonly a: number; readonly b: number }) => visited.add(a, b),
      share: work.share.bind(work),
    };
    const done = go(scenario, findings, tally, answersAreState(scenario, common), guide, run);
    const end = !done ? "asked" : limited || tally.bound !== null ? "limit" : "whole";
    const { transitions, runs, depth } = tally;
    return { ...findings.seen(), transitions, runs, depth, end };
  } finally {
    // Whatever happened: nobody waits for this thread.
    work.stop();
  }
}

/** Whether what calls returned is part of the state. */
export function answersAreState(scenario: Scenario, { answers }: Common): boolean {
  return answers || answersDecideAtEnd(scenario);
}
