import { actorOf, type Choice, choiceOf, failOf } from "../engine/choice.ts";
import { runLoosely } from "../engine/world.ts";
import { isEndless, violationKey } from "../properties/violation.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A call that a counterexample does not need: the actor's place, and the call's. */
export interface Dropped {
  /** Index of the actor. */
  readonly actor: number;
  /** Index of its call. */
  readonly call: number;
}

/** What is left of a counterexample. */
export interface Shrunk {
  /** The scenario without the calls that it does not need. */
  readonly scenario: Scenario;
  /** Which these are, in the scenario as it was. */
  readonly dropped: readonly Dropped[];
  /** The schedule, with as few changes of actor as were found to do. */
  readonly schedule: readonly Choice[];
}

/** The scenario without some calls; actors stay, so their letters in schedules do, too. */
export function without(scenario: Scenario, dropped: readonly Dropped[]): Scenario {
  if (dropped.length === 0) return scenario;
  return {
    ...scenario,
    atomic: false,
    sometimes: {},
    actors: scenario.actors.map((actor, a) => ({
      ...actor,
      calls: actor.calls.filter((_, c) => !dropped.some((d) => d.actor === a && d.call === c)),
    })),
  };
}

/** A part of a schedule in which one actor goes on. */
export interface Block {
  readonly actor: number;
  readonly choices: readonly Choice[];
}

/** The parts of a schedule in which one actor goes on. */
export function blocksOf(schedule: readonly Choice[]): Block[] {
  const out: { actor: number; choices: Choice[] }[] = [];
  for (const choice of schedule) {
    const last = out.at(-1);
    if (last !== undefined && last.actor === actorOf(choice)) last.choices.push(choice);
    else out.push({ actor: actorOf(choice), choices: [choice] });
  }
  return out;
}

/** Drops calls, failures and changes of actor for as long as the same property is violated. */
export function shrinkSchedule(scenario: Scenario, schedule: readonly Choice[], key: string): Shrunk {
  if (isEndless(key)) return { scenario, dropped: [], schedule };
  const shows = (candidate: Scenario, choices: readonly Choice[]): Choice[] | null => {
    const { world, taken } = runLoosely(candidate, choices);
    return world.violation !== null && violationKey(world.violation) === key ? taken : null;
  };
  let dropped: Dropped[] = [];
  let now = scenario;
  let best = shows(now, schedule) ?? schedule.slice();
  for (let again = true; again; ) {
    again = false;
    for (const [a, actor] of scenario.actors.entries()) {
      for (let c = actor.calls.length - 1; c >= 0; c--) {
        if (dropped.some((d) => d.actor === a && d.call === c)) continue;
        const fewer = [...dropped, { actor: a, call: c }];
        const candidate = without(scenario, fewer);
        const taken = shows(candidate, best);
        if (taken === null) continue;
        dropped = fewer;
        now = candidate;
        best = taken;
        again = true;
      }
    }
    for (const candidate of simpler(best)) {
      const taken = shows(now, candidate);
      if (taken === null || cost(taken) >= cost(best)) continue;
      best = taken;
      again = true;
      break;
    }
  }
  return { scenario: now, dropped, schedule: best };
}

function cost(schedule: readonly Choice[]): number {
  const failures = schedule.filter((choice) => failOf(choice) > 0).length;
  return blocksOf(schedule).length * 1000 + failures * 500 + schedule.length;
}

/** Schedules with one change of actor, or one failure, less. */
function* simpler(schedule: readonly Choice[]): Generator<Choice[]> {
  const blocks = blocksOf(schedule);
  for (let i = 0; i < blocks.length; i++) {
    for (let j = i + 1; j < blocks.length; j++) {
      if (blocks[i]?.actor !== blocks[j]?.actor) continue;
      const between = blocks.slice(i + 1, j);
      const [first, second] = [blocks[i] as Block, blocks[j] as Block];
      yield [...blocks.slice(0, i), first, second, ...between, ...blocks.slice(j + 1)].flatMap(
        (b) => b.choices,
      );
      yield [...blocks.slice(0, i), ...between, first, second, ...blocks.slice(j + 1)].flatMap(
        (b) => b.choices,
      );
      break;
    }
  }
  for (let i = 0; i < schedule.length; i++) {
    const choice = schedule[i] as Choice;
    if (failOf(choice) > 0) yield schedule.with(i, choiceOf(actorOf(choice)));
  }
}
