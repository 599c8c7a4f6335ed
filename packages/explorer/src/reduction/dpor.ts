import { actorOf, type Choice, choiceOf, failOf } from "../engine/choice.ts";
import { World } from "../engine/world.ts";
import type { Violation } from "../properties/violation.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Findings, type Limits, type Progress, type SearchResult } from "../search/result.ts";
import { watchContainers } from "./containers.ts";
import { Events } from "./events.ts";
import type { Footprint } from "./footprint.ts";
import { Watch } from "./watch.ts";

/** How schedules are left out. */
export interface DporOptions extends Limits {
  /** Told now and then how far it is. */
  readonly progress?: (progress: Progress) => void;
  /** Whether two steps depend on each other; default: if their footprints say so. A test gives a wrong one. */
  readonly depends?: (a: Footprint, b: Footprint) => boolean;
}

/** A state on the schedule that is gone through now, and what is to be done from it. */
class Frame {
  /** Who could go on. */
  readonly enabled: readonly number[];
  /** Who need not go on from here, as it was seen elsewhere, with what his step touches. */
  readonly sleep: Map<number, Footprint>;
  /** Failures injected before. */
  readonly failures: number;
  /** Choices still to be taken. */
  readonly todo: Choice[] = [];
  /** Actors that are, were or will be taken here. */
  readonly taken = new Set<number>();
  /** What the steps of the actor that is taken now touch, over all its failures. */
  touched: Footprint | null = null;
  /** Whose. */
  actor = -1;

  constructor(enabled: readonly number[], sleep: Map<number, Footprint>, failures: number) {
    this.enabled = enabled;
    this.sleep = sleep;
    this.failures = failures;
  }

  /** An actor is to be taken from here. */
  add(actor: number): void {
    if (this.taken.has(actor)) return;
    this.taken.add(actor);
    this.todo.unshift(choiceOf(actor));
  }

  /** The next choice; undefined: all is done here. Whoever was taken before sleeps from then on. */
  next(): Choice | undefined {
    for (let choice = this.todo.pop(); choice !== undefined; choice = this.todo.pop()) {
      const actor = actorOf(choice);
      if (actor !== this.actor) this.#rest();
      if (this.sleep.has(actor)) continue;
      this.actor = actor;
      return choice;
    }
    return undefined;
  }

  #rest(): void {
    if (this.touched !== null) this.sleep.set(this.actor, this.touched);
    this.touched = null;
  }
}

/**
 * Goes through one schedule of each kind: two schedules are of one kind if they differ in the order of steps that do not
 * depend on each other. Dynamic partial-order reduction (Flanagan and Godefroid, 2005) with sleep sets: at first one
 * actor goes on from each state; when a step turns out to depend on an earlier one of somebody else, who could have come
 * first there is noted at the state before that. No state is remembered or recognised, so nothing rests on
 * fingerprints: memory is that of one schedule.
 */
export function dpor(scenario: Scenario, options: DporOptions): SearchResult {
  const unwatch = watchContainers();
  try {
    return goThrough(scenario, options);
  } finally {
    unwatch();
  }
}

function goThrough(scenario: Scenario, options: DporOptions): SearchResult {
  const findings = new Findings({ ...scenario, sometimes: {} });
  const depends = options.depends ?? ((a, b) => a.conflicts(b));
  const maxDepth = options.maxDepth ?? 400;
  const path: Choice[] = [];
  const frames: Frame[] = [];
  const events = new Events(depends);
  const result = { transitions: 0, steps: 0, runs: 0, depth: 0, level: 0, bound: null as string | null };

  const arrive = (world: World, sleep: Map<number, Footprint>, failures: number): Frame => {
    const frame = new Frame(world.enabledAll(), sleep, failures);
    frames.push(frame);
    const first = frame.enabled.find((actor) => !sleep.has(actor));
    if (first !== undefined) frame.add(first);
    return frame;
  };

  /** Takes a step from the last state. */
  const take = (world: World, choice: Choice) => {
    const frame = frames.at(-1) as Frame;
    const actor = actorOf(choice);
    const waits = world.slots[actor]?.waits ?? null;
    world.step(choice);
    result.steps++;
    result.transitions++;
    path.push(choice);
    if (path.length > result.depth) result.depth = path.length;
    const { footprint } = world.watch as Watch;
    if (frame.touched === null) frame.touched = footprint;
    else frame.touched.join(footprint);
    const failures = frame.failures + (failOf(choice) > 0 ? 1 : 0);
    if (failOf(choice) === 0 && frame.failures < (options.failures ?? 0)) {
      for (let k = world.fallible; k >= 1; k--) frame.todo.push(choiceOf(actor, k));
    }
    for (const { at, first } of events.add(actor, footprint, waits, frames)) {
      const earlier = frames[at] as Frame;
      if (first === null) for (const other of earlier.enabled) earlier.add(other);
      else if (!first.some((other) => earlier.taken.has(other)))
        earlier.add(first.includes(actor) ? actor : (first[0] as number));
    }
    // What comes of a violation is no order that locks are taken in.
    if (events.isBehindWrong) findings.orders.drop();
    else findings.lockOrders(path);
    const wrong = world.violation !== null && events.isFirstWrong();
    if (wrong) findings.add(world.violation as Violation, path);
    // What others would do after it may belong before it: that shows only if they do it.
    if (world.violation !== null) world.goOn();
    const sleep = new Map<number, Footprint>();
    for (const [other, touched] of frame.sleep) if (!depends(touched, footprint)) sleep.set(other, touched);
    arrive(world, sleep, failures);
  };

  const begin = (): World => new World(scenario, findings.orders, new Watch());

  /** Goes on from the last state for as long as anybody can. */
  const run = (world: World) => {
    for (;;) {
      const frame = frames.at(-1) as Frame;
      const choice = frame.next();
      if (choice === undefined) {
        // Whoever could go on here did so in another run.
        if (frame.enabled.length > 0) return;
        result.runs++;
        if (!events.anyWrong) findings.end(world, path);
        return;
      }
      if (path.length >= maxDepth) {
        if (!events.anyWrong) result.bound = `${maxDepth} steps deep`;
        return;
      }
      take(world, choice);
    }
  };

  const first = begin();
  if (first.violation !== null) {
    findings.end(first, path);
    return findings.result({ ...result, method: "dpor", states: 0, bytes: 0 });
  }
  arrive(first, new Map(), 0);
  run(first);
  while (frames.length > 0) {
    if (options.stopAtFirst === true && findings.size > 0) break;
    if (result.steps >= (options.maxSteps ?? Number.POSITIVE_INFINITY)) {
      result.bound = `${options.maxSteps} steps`;
      break;
    }
    const frame = frames.at(-1) as Frame;
    path.length = frames.length - 1;
    events.cut(path.length);
    const choice = frame.next();
    if (choice === undefined) {
      frames.pop();
      continue;
    }
    const world = begin();
    world.replay(path);
    result.steps += path.length;
    world.goOn();
    take(world, choice);
    run(world);
    if ((result.runs & 63) === 0) {
      options.progress?.({ ...result, states: result.transitions, queued: frames.length, bytes: 0 });
    }
  }
  return findings.result({ ...result, method: "dpor", states: result.transitions, bytes: 0 });
}
