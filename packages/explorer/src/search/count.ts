import { type Choice, choiceOf } from "../engine/choice.ts";
import { needInPlace } from "../engine/in-place.ts";
import { World } from "../engine/world.ts";

import type { Scenario } from "../scenario/scenario.ts";
import { Fingerprint } from "../state/fingerprint.ts";

/**
 * How many schedules a scenario has, without running them: the ways through the graph of its states, each state looked
 * at once. It is what the naive search would run, and what a reduction is measured against. A schedule ends with the
 * first violation.
 */
export function countSchedules(scenario: Scenario): bigint {
  needInPlace();
  const print = new Fingerprint();
  const known = new Map<string, bigint>();
  const path: Choice[] = [];

  const count = (): bigint => {
    const world = new World(scenario);
    for (const choice of path) world.step(choice);
    if (world.violation !== null) return 1n;
    const { a, b } = print.take(world);
    const key = `${a}:${b}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    let ways = 0n;
    const all = world.enabledAll();
    for (const actor of all) {
      path.push(choiceOf(actor));
      ways += count();
      path.pop();
    }
    if (all.length === 0) ways = 1n;
    known.set(key, ways);
    return ways;
  };

  return count();
}
