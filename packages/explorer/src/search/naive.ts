import { actorOf, type Choice, choiceOf } from "../engine/choice.ts";
import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { SearchOptions } from "./options.ts";
import { Findings, type SearchResult } from "./result.ts";

/**
 * Every schedule, one by one, each on a machine of its own from the start. No state is recognised and no step taken back, so nothing
 * rests on fingerprints or on transformed code: what everything else is held against.
 */
export function naive(scenario: Scenario, options: SearchOptions): SearchResult {
  const findings = new Findings(scenario);
  const maxFailures = options.failures ?? 0;
  const maxDepth = options.maxDepth ?? 400;
  const result = { transitions: 0, steps: 0, runs: 0, depth: 0, level: 0, bound: null as string | null };
  const todo: { readonly path: readonly Choice[]; readonly failures: number }[] = [];

  const end = (world: World, path: readonly Choice[]) => {
    result.runs++;
    findings.end(world, path);
  };
  const begin = new World(scenario, findings.orders);
  findings.lockOrders([]);
  findings.witness(begin);
  const first = begin.violation === null ? begin.enabledAll() : [];
  if (first.length === 0) end(begin, []);
  for (const actor of first) todo.push({ path: [choiceOf(actor)], failures: 0 });

  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (options.stopAtFirst === true && findings.size > 0) break;
    if (result.steps >= (options.maxSteps ?? Number.POSITIVE_INFINITY)) {
      result.bound = `${options.maxSteps} steps`;
      break;
    }
    const path = next.path.slice();
    const world = new World(scenario, findings.orders);
    world.replay(path.slice(0, -1));
    result.steps += path.length - 1;
    for (let choice = path.pop() as Choice; ; choice = choiceOf(actorOf(choice))) {
      world.step(choice);
      result.steps++;
      result.transitions++;
      if (choice >> 8 === 0 && next.failures < maxFailures) {
        for (let k = 1; k <= world.fallible; k++) {
          todo.push({ path: [...path, choiceOf(actorOf(choice), k)], failures: next.failures + 1 });
        }
      }
      path.push(choice);
      if (path.length > result.depth) result.depth = path.length;
      findings.lockOrders(path);
      findings.witness(world);
      const all = world.violation === null ? world.enabledAll() : [];
      if (all.length === 0) {
        end(world, path);
        break;
      }
      if (path.length >= maxDepth) {
        result.bound = `${maxDepth} steps deep`;
        break;
      }
      for (const other of all)
        if (other !== actorOf(choice))
          todo.push({ path: [...path, choiceOf(other)], failures: next.failures });
      if (!all.includes(actorOf(choice))) break;
    }
  }
  return findings.result({ ...result, method: "naive", states: result.transitions, bytes: 0 });
}
