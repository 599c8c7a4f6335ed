import { subjectNamed } from "@gpuvm/drivers";
import { type DriverOptions, UsageError } from "@gpuvm/drm-model";
import { type Scenario, standardScopes } from "@gpuvm/explorer";
import { scenarioOf } from "./bugs/bug.ts";
import { BUGS } from "./bugs/catalogue.ts";
import { nativeScopes } from "./scopes/native.ts";

/** A scenario with the name under which tokens find it again. */
export interface Named {
  /** `xe:mainline+X4/close-vs-bind`, or `bug:X4`. */
  readonly name: string;
  readonly scenario: Scenario;
  /** Failures that it is explored with unless something else is asked for. */
  readonly failures: number;
}

/** The scenario of a bug, with the defect. @throws UsageError with the bugs there are */
export function bugNamed(id: string): Named {
  const bug = BUGS.find((b) => b.id === id);
  if (bug === undefined) {
    throw new UsageError(`unknown bug "${id}": take one of ${BUGS.map((b) => b.id).join(", ")}`);
  }
  return { name: `bug:${id}`, scenario: scenarioOf(bug, true), failures: bug.failures ?? 0 };
}

/** A selector `POLICY[+DEFECT...]`, taken apart. */
export function parseSelector(selector: string): { policy: string; options: DriverOptions } {
  const [policy = "", ...defects] = selector.split("+");
  return { policy, options: { defects: new Set(defects) } };
}

/** Gives scenarios the names that tokens have for them. */
export function named(selector: string, scenarios: readonly Scenario[]): Named[] {
  return scenarios.map((scenario) => ({ name: `${selector}/${scenario.name}`, scenario, failures: 0 }));
}

/**
 * The standard scopes and the driver's own of `DRIVER[:VARIANT][+DEFECT...]`.
 *
 * @throws UsageError with the drivers and variants there are
 */
export function scopesOf(selector: string): Named[] {
  const { policy, options } = parseSelector(selector);
  const { driver, variant, variantName } = subjectNamed(policy);
  return named(selector, [
    ...standardScopes(variant, options),
    ...nativeScopes(driver, variantName, options),
  ]);
}
