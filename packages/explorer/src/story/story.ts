import { gemVmBos } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import { actorOf, type Choice, failOf, TIME } from "../engine/choice.ts";
import { World } from "../engine/world.ts";
import type { Violation } from "../properties/violation.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** One step of a counterexample: an actor goes on until somebody else does, or until his call is over. */
export interface StoryStep {
  /** Whose column. */
  readonly actor: string;
  /** The call. */
  readonly call: string;
  /** False: it was begun in an earlier step. */
  readonly begins: boolean;
  /** Where it stopped on the way, as kernel functions, the last one last. */
  readonly stops: readonly string[];
  /** What the call returned, if it is over. */
  readonly result: string | null;
  /** Fallible steps that were made to fail. */
  readonly failed: readonly string[];
  /** Counts and locks that changed: `bo#3 2 -> 1`. */
  readonly changes: readonly string[];
}

/** A counterexample as it is told. */
export interface Story {
  /** Column titles. */
  readonly actors: readonly string[];
  /** What there is before the first step, as the setup left it: `bo#3 new: 1`. */
  readonly setup: readonly string[];
  /** Steps. */
  readonly steps: readonly StoryStep[];
  /** What changed when everybody was done, and files and driver went; null: it did not come to that. */
  readonly end: readonly string[] | null;
  /** What does not hold, or null. */
  readonly violation: Violation | null;
}

/** Looks at the machine behind each step of a story, in their order. */
export type Onlooker = (world: World) => void;

/**
 * Runs a schedule and tells it: on the same machine as the search did, with a record of who holds what if that is no other
 * story.
 *
 * @param look is shown the machine behind each step of the story that is told
 */
export function tell(scenario: Scenario, schedule: readonly Choice[], look: Onlooker = () => {}): Story {
  const plain = toldOn(scenario, schedule);
  const { machine } = scenario;
  // A machine of which nothing is said keeps that record by itself.
  if (machine === undefined || machine.audit === true) return toldOn(scenario, schedule, look);
  const audited = { ...scenario, machine: { ...machine, audit: true } };
  const same = toldOn(audited, schedule).violation?.kind === plain.violation?.kind;
  return toldOn(same ? audited : scenario, schedule, look);
}

function toldOn(scenario: Scenario, schedule: readonly Choice[], look: Onlooker = () => {}): Story {
  const world = new World(scenario, null, null, [1]);
  const steps: StoryStep[] = [];
  const actors = world.slots.map((slot) => slot.name);
  world.fallibleNames = [];
  const setup = changed(new Map(), counts(world.machine));
  let i = 0;
  while (i < schedule.length && world.violation === null) {
    const actor = actorOf(schedule[i] as Choice);
    if (!world.enabled(actor)) {
      i++;
      continue;
    }
    const slot = world.slots[actor];
    const name = actor === TIME ? "time" : (slot?.name ?? "?");
    if (!actors.includes(name)) actors.push(name);
    const begins = slot?.thread == null;
    const call = slot?.doing ?? "the GPU finishes, or a timeout expires";
    const before = counts(world.machine);
    const stops: string[] = [];
    const failed: string[] = [];
    let over = false;
    while (!over && i < schedule.length && actorOf(schedule[i] as Choice) === actor && world.enabled(actor)) {
      const choice = schedule[i++] as Choice;
      world.step(choice);
      if (failOf(choice) > 0) failed.push(world.fallibleNames[failOf(choice) - 1] ?? "?");
      over = actor === TIME || slot?.thread == null || world.violation !== null;
      if (slot?.thread != null) stops.push(world.machine.dev.point.label);
    }
    const returned =
      actor !== TIME && slot?.actor != null && slot.thread === null && world.violation === null;
    const value = returned ? world.returned[actor]?.at(-1) : undefined;
    const result = !returned ? null : value === undefined ? "done" : `= ${JSON.stringify(value)}`;
    const changes = changed(before, counts(world.machine));
    steps.push({ actor: name, call, begins, stops, result, failed, changes });
    look(world);
  }
  const before = counts(world.machine);
  const ends = world.violation === null && world.enabledAll().length === 0;
  if (ends) world.finish();
  const end = ends ? changed(before, counts(world.machine)) : null;
  return { actors, setup, steps, end, violation: world.violation };
}

function counts(machine: Machine): Map<string, string> {
  const out = new Map<string, string>();
  for (const bo of machine.memory.objects) {
    out.set(bo.name, String(bo.refs));
    if (bo.resv.owner !== null) out.set(bo.resv.name, `held by ${bo.resv.owner.name}`);
    if (bo.gpuvaLock.owner !== null) out.set(bo.gpuvaLock.name, `held by ${bo.gpuvaLock.owner.name}`);
    for (const vmBo of gemVmBos(bo).toArray()) out.set(vmBo.name.replace(/ .*/, ""), String(vmBo.refs));
  }
  for (const record of machine.vms) if (!record.freed) out.set(record.vm.name, String(record.vm.refs));
  return out;
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const out: string[] = [];
  for (const [name, was] of before) {
    const is = after.get(name) ?? (was.startsWith("held") ? "free" : "gone");
    if (is !== was) out.push(was.startsWith("held") ? `${name} ${is}` : `${name} ${was} -> ${is}`);
  }
  for (const [name, is] of after)
    if (!before.has(name)) out.push(is.startsWith("held") ? `${name} ${is}` : `${name} new: ${is}`);
  return out;
}
