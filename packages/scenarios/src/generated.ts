import { subjectNamed } from "@gpuvm/drivers";
import type { DriverOptions, DriverVariant } from "@gpuvm/drm-model";
import { Coverage, generatedScopes, search } from "@gpuvm/explorer";
import type { Named } from "./named.ts";
import { named, parseSelector } from "./named.ts";

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
  readonly scenarios: number;
  /** Scenarios whose setup the driver refuses. */
  readonly refused: number;
  /** Scenarios that were not explored to the end. */
  readonly stopped: readonly string[];
  readonly states: number;
  readonly transitions: number;
  readonly causes: readonly Cause[];
  readonly raced: readonly string[];
  readonly stops: readonly string[];
  readonly answers: readonly string[];
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
  const { policy, options } = parseSelector(selector);
  return generatedFor(selector, subjectNamed(policy).variant, options, arity);
}

/** The generated scenarios of any variant. */
export function generatedFor(
  selector: string,
  variant: DriverVariant,
  options: DriverOptions,
  arity: number,
): Named[] {
  return named(selector, generatedScopes(variant, options, arity));
}

/** Explores generated scenarios, each to its end; what is found is grouped by its cause. */
export function exploreGenerated(all: readonly Named[], how: GeneratedHow): GeneratedResult {
  const { inject = 0, maxSteps = 200_000, part = { first: 0, of: 1 } } = how;
  const coverage = new Coverage();
  const causes = new Map<string, Cause>();
  const stopped: string[] = [];
  let [scenarios, refused, states, transitions] = [0, 0, 0, 0];
  for (const { name, scenario } of all.filter((_, i) => i % part.of === part.first)) {
    const result = search(scenario, { order: "dfs", failures: inject, maxSteps, coverage });
    scenarios++;
    states += result.states;
    transitions += result.transitions;
    // What a driver answers to a setup with an error is no fault; a rule that the setup breaks is one.
    const answered = result.findings.some(({ violation }) =>
      /^setup: the setup's .* answered/.test(violation.message),
    );
    if (answered) {
      refused++;
      continue;
    }
    if (result.bound !== null) stopped.push(name);
    for (const { key, schedule } of result.findings) {
      const one: Cause = { key, scenarios: 1, scenario: name, schedule };
      causes.set(key, joined(causes.get(key), one));
    }
  }
  const { raced, stops, answers } = coverage;
  return {
    ...{ scenarios, refused, stopped, states, transitions },
    ...{ raced: [...raced].sort(), stops: [...stops].sort(), answers: [...answers].sort() },
    causes: [...causes.values()].sort(byKey),
  };
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
  const sum = (field: "scenarios" | "refused" | "states" | "transitions") =>
    parts.reduce((total, part) => total + part[field], 0);
  const union = (field: "raced" | "stops" | "answers" | "stopped") =>
    [...new Set(parts.flatMap((part) => part[field]))].sort();
  return {
    ...{ scenarios: sum("scenarios"), refused: sum("refused"), states: sum("states") },
    ...{ transitions: sum("transitions"), raced: union("raced"), stops: union("stops") },
    ...{ answers: union("answers"), stopped: union("stopped") },
    causes: [...causes.values()].sort(byKey),
  };
}
