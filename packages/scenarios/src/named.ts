import { subjectNamed } from "@gpuvm/drivers";
import { type DriverOptions, type DriverPackage, unknownName } from "@gpuvm/drm-model";
import { type Scenario, standardScopes } from "@gpuvm/explorer";
import { scenarioOf } from "./bugs/bug.ts";
import { BUGS } from "./bugs/catalogue.ts";
import { nativeScopes } from "./scopes/native.ts";

/** The device has no memory of its own: the pressure that scopes put on the host's then takes what buffers lie in. */
const NO_VRAM = { vram: 0 };

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
    throw unknownName(
      "bug",
      id,
      BUGS.map((b) => b.id),
    );
  }
  return { name: `bug:${id}`, scenario: scenarioOf(bug, true), failures: bug.failures ?? 0 };
}

/** A selector `POLICY[+DEFECT...]`, taken apart. */
export function parseSelector(selector: string): { policy: string; options: DriverOptions } {
  const [policy = "", ...defects] = selector.split("+");
  return { policy, options: { defects: new Set(defects) } };
}

/** The defects that a driver can be run with: the switches of its bugs in the catalogue. */
export function defectsOf({ name }: DriverPackage): readonly string[] {
  const own = BUGS.filter((bug) => bug.driver.name === name && bug.buggyVariant === undefined);
  return [...new Set(own.flatMap((bug) => (bug.ownership === undefined ? (bug.defects ?? [bug.id]) : [])))];
}

/** Gives scenarios the names that tokens have for them. */
export function named(selector: string, scenarios: readonly Scenario[]): Named[] {
  return scenarios.map((scenario) => ({
    name: `${selector}/${scenario.name}`,
    scenario,
    failures: scenario.failures ?? 0,
  }));
}

/**
 * The standard scopes and the driver's own of `DRIVER[:VARIANT][+DEFECT...]`, and the smallest scenario of each defect.
 *
 * @throws UsageError with the drivers and variants there are
 */
export function scopesOf(selector: string): Named[] {
  const { policy, options } = parseSelector(selector);
  const { driver, variant, variantName } = subjectNamed(policy);
  const known = defectsOf(driver);
  for (const defect of options.defects ?? [])
    if (!known.includes(defect)) throw unknownName(`defect of ${driver.name}`, defect, known);
  return [
    ...named(selector, [
      ...standardScopes(variant, options).map((scope) => ({
        ...scope,
        machine: { ...scope.machine, ...NO_VRAM },
      })),
      ...nativeScopes(driver, variantName, options, NO_VRAM),
    ]),
    ...ownOf(selector, driver, variantName, options),
  ];
}

/** The smallest scenarios of the defects that are switched on: what the others may not reach, these do. */
function ownOf(
  selector: string,
  driver: DriverPackage,
  variantName: string,
  options: DriverOptions,
): Named[] {
  const on = options.defects ?? new Set<string>();
  return BUGS.filter(
    (bug) =>
      bug.driver.name === driver.name &&
      (bug.variant ?? driver.defaultVariant) === variantName &&
      bug.buggyVariant === undefined &&
      (bug.defects ?? [bug.id]).every((defect) => on.has(defect)),
  ).map((bug) => {
    const scenario = { ...scenarioOf(bug, true), options, name: `bug-${bug.id}` };
    return { name: `${selector}/${scenario.name}`, scenario, failures: bug.failures ?? 0 };
  });
}
