import { actorOf, type Choice, choiceOf, TIME } from "../engine/choice.ts";
import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Random } from "./random.ts";
import { Findings, type Limits, type SearchResult } from "./result.ts";

/** How schedules are drawn. */
export interface SampleOptions extends Limits {
  /**
   * `random`: each step anybody. `pct`: everybody has a random priority, the highest goes on, and at `changes` random
   * steps who runs becomes the lowest (probabilistic concurrency testing): a bug that needs d such changes is
   * found by each run with a chance of at least 1/(n k^d) for n actors and k steps.
   */
  readonly method: "random" | "pct";
  /** Where the chance begins. */
  readonly seed: number;
  /** Schedules. */
  readonly runs: number;
  /** Changes of priority in each run (`pct`); default 2. */
  readonly changes?: number;
}

/** Runs schedules at random: for what is too large to go through. It shows what is wrong, never that nothing is. */
export function sample(scenario: Scenario, options: SampleOptions): SearchResult {
  const findings = new Findings(scenario);
  const random = new Random(options.seed);
  let steps = 0;
  let depth = 0;
  let runs = 0;
  let length = 40;
  for (; runs < options.runs; runs++) {
    if (options.stopAtFirst === true && findings.size > 0) break;
    const world = new World(scenario, findings.orders);
    const pick = options.method === "pct" ? pct(random, options.changes ?? 2, length) : uniform(random);
    const schedule: Choice[] = [];
    let failures = 0;
    while (world.violation === null && schedule.length < (options.maxDepth ?? 400)) {
      const all = world.enabledAll();
      if (all.length === 0) break;
      const fail = failures < (options.failures ?? 0) && random.below(8) === 0 ? 1 + random.below(2) : 0;
      const choice = choiceOf(pick(all, schedule.length), fail);
      world.step(choice);
      if (fail > 0 && fail <= world.fallible) failures++;
      schedule.push(fail > world.fallible ? choiceOf(actorOf(choice)) : choice);
      findings.lockOrders(schedule);
      findings.witness(world);
    }
    length = Math.max(length, schedule.length);
    steps += schedule.length;
    if (schedule.length > depth) depth = schedule.length;
    findings.end(world, schedule);
  }
  const rest = { steps, runs, depth, transitions: steps, states: steps, level: 0, bytes: 0 };
  return findings.result({ ...rest, method: options.method, bound: `${runs} schedules at random` });
}

type Pick = (enabled: readonly number[], step: number) => number;

function uniform(random: Random): Pick {
  return (enabled) => enabled[random.below(enabled.length)] as number;
}

function pct(random: Random, changes: number, length: number): Pick {
  const priority = new Map<number, number>();
  const at = new Set<number>();
  for (let i = 0; i < changes; i++) at.add(random.below(length));
  let lowest = 0;
  return (enabled, step) => {
    for (const actor of enabled) {
      // Time has a priority like everybody: the GPU may be fast or slow.
      if (!priority.has(actor)) priority.set(actor, 1 + random.below(1 << 20) + (actor === TIME ? 0.5 : 0));
    }
    let best = enabled[0] as number;
    for (const actor of enabled) {
      if ((priority.get(actor) as number) > (priority.get(best) as number)) best = actor;
    }
    if (at.has(step)) priority.set(best, --lowest);
    return best;
  };
}
