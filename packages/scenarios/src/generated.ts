import { subjectNamed } from "@gpuvm/drivers";
import type { DriverOptions, DriverVariant } from "@gpuvm/drm-model";
import {
  type Actor,
  Coverage,
  type Covered,
  generatedScopes,
  refusesAlone,
  type Scenario,
  search,
  World,
} from "@gpuvm/explorer";
import type { Named } from "./named.ts";
import { type Budgets, budgeted, named, parseSelector } from "./named.ts";

/** Something that generated scenarios have found. */
export interface Cause {
  /** The violation without its numbers: what all that show it have in common. */
  readonly key: string;
  /** How many scenarios show it. */
  readonly scenarios: number;
  /** The first of those that take the fewest steps to show it. */
  readonly scenario: string;
  readonly schedule: readonly number[];
}

/** What generated scenarios come to. */
export interface GeneratedResult {
  /** Scenarios explored. */
  readonly scenarios: number;
  /** Scenarios whose setup the driver refuses. */
  readonly refused: number;
  /** Scenarios left out, as the driver refuses each of their calls when it is made alone. */
  readonly idle: number;
  /** Scenarios that were not explored to the end. */
  readonly stopped: readonly string[];
  readonly states: number;
  readonly transitions: number;
  readonly causes: readonly Cause[];
  /** What they came by. */
  readonly covered: Covered;
  /** Kinds of violation that were not looked for, each with the reason, and in how many scenarios. */
  readonly allowed: Readonly<Record<string, number>>;
}

/** How generated scenarios are explored. */
export interface GeneratedHow {
  /** Calls in each: 2 for pairs, 3 for triples. */
  readonly arity: number;
  /** Injected failures in one schedule; default 0. */
  readonly inject?: number;
  /** Steps of one search at most; default 200,000. */
  readonly maxSteps?: number;
  /** Only every n-th: from which one, of how many; default: all. */
  readonly part?: { readonly first: number; readonly of: number };
}

/** The generated scenarios of a driver that ships, with the names that tokens have for them. */
export function generatedOf(selector: string, arity: number): Named[] {
  const { policy, options, budgets } = parseSelector(selector);
  return generatedFor(selector, subjectNamed(policy).variant, options, arity, budgets);
}

/** The generated scenarios of any variant. */
export function generatedFor(
  selector: string,
  variant: DriverVariant,
  options: DriverOptions,
  arity: number,
  budgets: Budgets = {},
): Named[] {
  return named(selector, budgeted(generatedScopes(variant, options, arity), budgets));
}

/**
 * Explores generated scenarios, each to its end; what is found is grouped by its cause. `watch` is told before each scenario how
 * many are done, of how many that this part has.
 */
export function exploreGenerated(
  all: readonly Named[],
  how: GeneratedHow,
  watch?: (done: number, of: number) => void,
): GeneratedResult {
  const { inject = 0, maxSteps = 200_000, part = { first: 0, of: 1 } } = how;
  const coverage = new Coverage();
  const causes = new Map<string, Cause>();
  const stopped: string[] = [];
  const alone = new Map<string, boolean>();
  const allowed: Record<string, number> = {};
  let [scenarios, refused, idle, states, transitions] = [0, 0, 0, 0, 0];
  const mine = all.filter((_, i) => i % part.of === part.first);
  for (const [done, { name, scenario }] of mine.entries()) {
    watch?.(done, mine.length);
    if (allRefused(name, scenario, alone)) {
      idle++;
      continue;
    }
    const limits = { failures: inject, maxSteps };
    const result = search(scenario, { ...limits, order: "dfs", coverage });
    scenarios++;
    for (const [kind, reason] of Object.entries(scenario.allow ?? {}))
      allowed[`${kind}, as ${reason}`] = (allowed[`${kind}, as ${reason}`] ?? 0) + 1;
    states += result.states;
    transitions += result.transitions;
    // What a driver answers to a setup with an error is no fault; a rule that the setup breaks is one.
    if (result.findings.some(({ violation }) => isAnswered(violation.message))) {
      refused++;
      continue;
    }
    if (result.bound !== null) stopped.push(name);
    const fresh = result.findings.some(({ key }) => (causes.get(key)?.scenarios ?? 0) < SHORTENED);
    const { findings } = fresh ? search(scenario, { ...limits, order: "bfs" }) : result;
    for (const { key, schedule } of findings) {
      const one: Cause = { key, scenarios: 1, scenario: name, schedule };
      causes.set(key, joined(causes.get(key), one));
    }
  }
  return {
    ...{ scenarios, refused, idle, stopped, states, transitions, covered: coverage.covered(), allowed },
    causes: [...causes.values()].sort(byKey),
  };
}

/** Scenarios of one cause of which each is looked through for the shortest schedule: of many they are much alike. */
const SHORTENED = 4;

function isAnswered(message: string): boolean {
  return /^setup: the setup's .* answered/.test(message);
}

/** What the driver answers to a scenario's setup where it refuses it; null: it does not. */
export function refusedSetup(scenario: Scenario): string | null {
  const message = new World(scenario).violation?.message ?? "";
  return isAnswered(message) ? message.replace(/^setup: /, "") : null;
}

/** Whether the driver refuses every call when nobody else is there; `alone` keeps what is known of setup and call. */
function allRefused(name: string, scenario: Scenario, alone: Map<string, boolean>): boolean {
  const [setup = "", words = ""] = name.slice(name.lastIndexOf("/") + 1).split(":");
  return words.split("+").every((word, k) => {
    const key = `${setup}:${k}:${word}`;
    const known = alone.get(key) ?? refusesAlone(scenario, scenario.actors[k] as Actor);
    alone.set(key, known);
    return known;
  });
}

/** One cause, seen in two places: the shorter way to it is shown, of two as long the first by name. */
function joined(one: Cause | undefined, other: Cause): Cause {
  if (one === undefined) return other;
  const longer = other.schedule.length - one.schedule.length;
  const shown = longer < 0 || (longer === 0 && other.scenario < one.scenario) ? other : one;
  return { ...shown, scenarios: one.scenarios + other.scenarios };
}

function byKey(one: Cause, other: Cause): number {
  return one.key < other.key ? -1 : 1;
}

/** The parts of one exploration as a whole: the same for any number of parts. */
export function joinGenerated(parts: readonly GeneratedResult[]): GeneratedResult {
  const causes = new Map<string, Cause>();
  for (const cause of parts.flatMap((part) => part.causes))
    causes.set(cause.key, joined(causes.get(cause.key), cause));
  const sum = (field: "scenarios" | "refused" | "idle" | "states" | "transitions") =>
    parts.reduce((total, part) => total + part[field], 0);
  const coverage = new Coverage();
  const allowed: Record<string, number> = {};
  for (const part of parts) {
    coverage.join(part.covered);
    for (const [what, n] of Object.entries(part.allowed)) allowed[what] = (allowed[what] ?? 0) + n;
  }
  return {
    ...{ scenarios: sum("scenarios"), refused: sum("refused"), idle: sum("idle") },
    ...{ states: sum("states"), transitions: sum("transitions") },
    stopped: [...new Set(parts.flatMap(({ stopped }) => stopped))].sort(),
    covered: coverage.covered(),
    allowed,
    causes: [...causes.values()].sort(byKey),
  };
}
