import { mark, setLogging } from "@gpuvm/core/undo";
import { type Choice, choiceOf } from "../engine/choice.ts";
import { needInPlace } from "../engine/in-place.ts";
import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Fingerprint } from "../state/fingerprint.ts";
import { answersDecide } from "./answers-decide.ts";

/** How much is looked at. */
export interface VerifyUndoOptions {
  /** Steps taken at most; default: all. */
  readonly most?: number;
  /** Injected failures in one schedule; default 0. */
  readonly failures?: number;
  /** A fresh run for each so many steps; default 7. */
  readonly every?: number;
}

/** What was compared, and where it differed. */
export interface VerifiedUndo {
  /** Steps taken back. */
  readonly undone: number;
  /** States that a fresh run was made for. */
  readonly fresh: number;
  /** Schedules whose last step, taken back, left something. */
  readonly left: readonly (readonly Choice[])[];
  /** Schedules that a fresh run comes to another state with. */
  readonly other: readonly (readonly Choice[])[];
  /** Schedules to states that the search takes for one that was seen before, and that differ as a whole. */
  readonly mistaken: readonly (readonly Choice[])[];
}

/**
 * Asks of going back what a search takes for granted: a step that is taken back leaves everything as it was, a fresh run of the
 * same schedule comes to the same state, and what the search hashes, which is only what steps write to, tells states apart as
 * a walk over everything does.
 */
export function verifyUndo(scenario: Scenario, options: VerifyUndoOptions = {}): VerifiedUndo {
  needInPlace();
  const { most = Number.POSITIVE_INFINITY, failures: maxFailures = 0, every = 7 } = options;
  const whole = new Fingerprint(answersDecide(scenario));
  const print = new Fingerprint(answersDecide(scenario));
  const seen = new Map<string, string>();
  const left: Choice[][] = [];
  const other: Choice[][] = [];
  const mistaken: Choice[][] = [];
  const path: Choice[] = [];
  let undone = 0;
  let fresh = 0;
  setLogging(false);
  const world = new World(scenario);
  setLogging(true);
  print.plan(world);

  const state64 = (at: World): string => {
    const { a, b } = whole.take(at);
    return `${a}:${b}`;
  };
  const all = (at: World, state = state64(at)): string => {
    const results = at.returned.map((list) => list.join()).join(";");
    return `${state}:${at.machine.hazards.length}:${results}:${at.violation?.message ?? ""}`;
  };
  /** Goes on from here if the state is new. */
  const arrive = (failures: number): void => {
    const { a, b } = print.take(world);
    const key = `${a}:${b}:${failures}`;
    const total = state64(world);
    const before = seen.get(key);
    if (before === undefined) {
      seen.set(key, total);
      state(failures, all(world, total));
    } else if (before !== total) mistaken.push(path.slice());
  };
  const take = (choice: Choice, failures: number, before: string): void => {
    if (undone >= most) return;
    const start = mark();
    world.step(choice);
    path.push(choice);
    const fallible = choice >> 8 === 0 && failures < maxFailures ? world.fallible : 0;
    if (world.violation === null) arrive(failures);
    if (world.violation !== null || world.enabledAll().length === 0) {
      const end = mark();
      world.finish();
      print.back(end);
    }
    print.back(start);
    undone++;
    if (all(world) !== before) left.push(path.slice());
    path.pop();
    for (let k = fallible; k >= 1; k--) take(choiceOf(choice & 255, k), failures + 1, before);
  };
  /** `here` is what {@link all} says of the world as it is. */
  const state = (failures: number, here: string): void => {
    if (undone % every === 0) compare(here);
    for (const actor of world.enabledAll()) take(choiceOf(actor), failures, here);
  };
  const compare = (here: string): void => {
    fresh++;
    const again = new World(scenario);
    again.replay(path);
    if (all(again) !== here) other.push(path.slice());
  };
  if (world.violation === null) arrive(0);
  setLogging(false);
  return { undone, fresh, left, other, mistaken };
}
