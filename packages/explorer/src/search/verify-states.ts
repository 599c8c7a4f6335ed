import { type Choice, choiceOf } from "../engine/choice.ts";
import { needInPlace } from "../engine/in-place.ts";
import { World } from "../engine/world.ts";
import { violationKey } from "../properties/violation.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Fingerprint } from "../state/fingerprint.ts";
import { answersDecide } from "./answers-decide.ts";

/** Two schedules that lead to one state, as it seems, from which it does not go on alike. */
export interface Mistaken {
  /** The schedule by which the state was come to first. */
  readonly one: readonly Choice[];
  /** Another one. */
  readonly other: readonly Choice[];
  /** What the next steps come to, behind the first schedule and behind the other one. */
  readonly next: readonly [string, string];
}

/** How much is looked at. */
export interface VerifyOptions {
  /** Meetings of two schedules in a state that are compared at most; default: all. */
  readonly most?: number;
}

/** How many meetings were compared, and those in which two states were taken for one. */
export interface Verified {
  readonly states: number;
  readonly compared: number;
  readonly mistaken: readonly Mistaken[];
}

/**
 * Asks of the fingerprint what a search takes for granted: wherever two schedules meet in a state, both are run again and
 * everybody's next step is compared. A state is forgotten somewhere if they differ.
 */
export function verifyStates(scenario: Scenario, options: VerifyOptions = {}): Verified {
  needInPlace();
  return goThrough(scenario, options.most ?? Number.POSITIVE_INFINITY);
}

function goThrough(scenario: Scenario, most: number): Verified {
  const print = new Fingerprint(answersDecide(scenario));
  const known = new Map<string, { readonly path: readonly Choice[]; readonly next: string }>();
  const mistaken: Mistaken[] = [];
  const todo: Choice[][] = [[]];
  let compared = 0;

  const run = (path: readonly Choice[]): World => {
    const world = new World(scenario);
    world.replay(path.slice(0, -1));
    if (path.length > 0) world.step(path.at(-1) as Choice);
    return world;
  };
  const stateOf = (world: World): string => {
    if (world.violation !== null) return violationKey(world.violation);
    const { a, b } = print.take(world);
    return `${a}:${b}`;
  };
  /** By name, as workers come to be in different orders. */
  const nextOf = (path: readonly Choice[], world: World): string =>
    world
      .enabledAll()
      .map((actor) => {
        const after = run([...path, choiceOf(actor)]);
        return `${world.slots[actor]?.name ?? "time"}: ${stateOf(after)}${answerOf(world, after, actor)}`;
      })
      .sort()
      .join(", ");

  for (let path = todo.shift(); path !== undefined && compared < most; path = todo.shift()) {
    const world = run(path);
    if (world.violation !== null) continue;
    const state = stateOf(world);
    const before = known.get(state);
    const next = nextOf(path, world);
    if (before === undefined) {
      known.set(state, { path, next });
      for (const actor of world.enabledAll()) todo.push([...path, choiceOf(actor)]);
      continue;
    }
    compared++;
    if (before.next !== next) mistaken.push({ one: before.path, other: path, next: [before.next, next] });
  }
  return { states: known.size, compared, mistaken };
}

/** What the call has returned that the step has brought to its end. */
function answerOf(before: World, after: World, actor: number): string {
  const answers = after.returned[actor] ?? [];
  const ended = answers.length > (before.returned[actor]?.length ?? 0);
  const last = answers.at(-1);
  return ended && typeof last === "number" ? ` returns ${last}` : "";
}
