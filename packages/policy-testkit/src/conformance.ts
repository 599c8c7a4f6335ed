import type { DriverPackage, DriverVariant } from "@gpuvm/drm-model";
import { NOTHING, Program } from "./program.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

/** Declares a test. */
export type DeclareTest = (name: string, body: () => void) => void;

/** What the kit needs of a test runner; vitest's, or any that is shaped like it. */
export interface TestRunner {
  /** Groups tests. */
  describe(name: string, body: () => void): void;
  /** A test; with `fails`, a test that must fail. */
  readonly it: DeclareTest & { readonly fails: DeclareTest };
  /** An assertion. */
  expect(actual: unknown, message?: string): Assertion;
}

/** What is asserted. */
export interface Assertion {
  /** The value is equal, in depth. */
  toEqual(expected: unknown): void;
}

/** Where a variant is known to fall short: scenario key to the reason. The scenario must then fail. */
export type Gaps = Readonly<Record<string, string>>;

/** Options of {@link policyConformance}. */
export interface ConformanceOptions {
  /** Known gaps by variant name. Closing one breaks the build until it is struck from the list. */
  readonly gaps?: Readonly<Record<string, Gaps>>;
  /**
   * Variants whose driver says that it does not undo a request that fails half way, and goes on with a VM that it calls
   * unusable: allocations that fail prove nothing there.
   */
  readonly withoutUnwind?: readonly string[];
}

/** Allocations failed one after the other, at most. */
const FAILURES = 200;

/**
 * The suite that every policy passes, for every variant: small programs under audit and lock checks that must leave
 * nothing behind, with each of their allocations failing in turn, and always with the same outcome.
 *
 * @example
 * A policy's whole test file:
 *
 *     import { policyConformance } from "@gpuvm/policy-testkit";
 *     import { describe, expect, it } from "vitest";
 *     import { mine } from "../src/index.ts";
 *
 *     policyConformance(mine, { describe, it, expect });
 */
export function policyConformance(
  driver: DriverPackage,
  runner: TestRunner,
  options: ConformanceOptions = {},
): void {
  for (const [name, variant] of Object.entries(driver.variants)) {
    const gaps = options.gaps?.[name] ?? {};
    const unwinds = !options.withoutUnwind?.includes(name);
    runner.describe(`${driver.name}:${name} as every policy`, () => {
      for (const scenario of SCENARIOS) conforms(variant, scenario, gaps[scenario.key], unwinds, runner);
    });
  }
}

function conforms(
  variant: DriverVariant,
  scenario: Scenario,
  gap: string | undefined,
  unwinds: boolean,
  runner: TestRunner,
): void {
  const title = `${scenario.key}: ${scenario.says}`;
  const body = () => runner.expect(play(variant, scenario).remains).toEqual(NOTHING);
  if (gap !== undefined) {
    runner.it.fails(`${title} (known gap: ${gap})`, body);
    return;
  }
  runner.it(title, body);
  // A driver that refuses everything leaves nothing behind, either.
  runner.it(`${scenario.key}: reaches what it is about`, () => {
    runner.expect(reached(play(variant, scenario))).toEqual({ objects: true, mappings: true });
  });
  runner.it(`${scenario.key}: the same again`, () => {
    runner.expect(figures(play(variant, scenario))).toEqual(figures(play(variant, scenario)));
  });
  if (!unwinds) return;
  runner.it(`${scenario.key}: with each allocation failing in turn`, () => {
    for (let n = 0; n < FAILURES; n++) {
      const failed = failing(variant, scenario, n);
      runner.expect({ allocation: failed.what, ...failed.program.remains }).toEqual({
        allocation: failed.what,
        ...NOTHING,
      });
      if (failed.what === null) return;
    }
  });
}

function play(variant: DriverVariant, scenario: Scenario): Program {
  const program = new Program(variant);
  scenario.run(program);
  program.end();
  return program;
}

/** Whether a program got what it asked for: objects, and entries in page tables that lead to them. */
function reached({ replay: { machine } }: Program): { objects: boolean; mappings: boolean } {
  return { objects: machine.memory.bytesPeak > 0, mappings: machine.counts.ptesWritten > 0 };
}

/** Plays it with the `n`th allocation after the driver's start failing; `what` is null if there were fewer. */
function failing(
  variant: DriverVariant,
  scenario: Scenario,
  n: number,
): { program: Program; what: string | null } {
  const program = new Program(variant);
  let left = n;
  let what: string | null = null;
  program.replay.machine.dev.failAlloc = (name) => {
    if (left-- !== 0) return false;
    what = name;
    return true;
  };
  scenario.run(program);
  program.end();
  return { program, what };
}

/** Everything that is counted. */
function figures(program: Program): unknown {
  const { machine } = program.replay;
  const { memory, counts, now, hazards } = machine;
  const { submitLocks, closeWaitNs } = counts;
  return {
    now,
    hazards,
    retained: memory.retainedByteSeconds,
    counts: Object.entries(counts).filter(([, value]) => typeof value === "number"),
    submitLocks: submitLocks.entries(),
    closeWaitNs: closeWaitNs.entries(),
    steps: machine.vms.map((record) => [record.key, record.steps, record.teardown]),
  };
}
