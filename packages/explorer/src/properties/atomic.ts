import { choiceOf, TIME } from "../engine/choice.ts";
import type { Slot } from "../engine/slot.ts";
import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Fingerprint } from "../state/fingerprint.ts";
import { outcomeOf } from "../state/outcome.ts";

/** Whole calls that are tried in every order, at most. */
const ORDERS = 100_000;

/**
 * What the scenario comes to in each order of whole calls: one call at a time runs to its end, with the workers that
 * it needs, and at the end everything that is left to do is done.
 */
export function sequentialOutcomes(scenario: Scenario, print: Fingerprint): ReadonlySet<string> {
  const outcomes = new Set<string>();
  const left = scenario.actors.map((actor) => actor.calls.length);
  const order: number[] = [];
  let tried = 0;
  const go = () => {
    if (tried >= ORDERS) return;
    if (left.every((n) => n === 0)) {
      tried++;
      outcomes.add(outcomeOf(runInOrder(scenario, order), print));
      return;
    }
    for (let i = 0; i < left.length; i++) {
      if (left[i] === 0) continue;
      (left[i] as number)--;
      order.push(i);
      go();
      order.pop();
      (left[i] as number)++;
    }
  };
  go();
  return outcomes;
}

function runInOrder(scenario: Scenario, order: readonly number[]): World {
  const world = new World(scenario);
  for (const actor of order) {
    const slot = world.slots[actor] as Slot;
    do {
      if (world.violation !== null) return world;
      if (slot.ready()) world.step(choiceOf(actor));
      else if (!stepOther(world, scenario.actors.length)) return world;
    } while (slot.thread !== null);
  }
  while (world.violation === null && stepOther(world, 0)) {}
  return world;
}

/** A worker, or else time, takes a step; false: nobody can. */
function stepOther(world: World, from: number): boolean {
  for (let i = from; i < world.slots.length; i++) {
    if (world.enabled(i)) {
      world.step(choiceOf(i));
      return true;
    }
  }
  if (!world.enabled(TIME)) return false;
  world.step(choiceOf(TIME));
  return true;
}
