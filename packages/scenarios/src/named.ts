import { subjectNamed } from "@gpuvm/drivers";
import {
  type DriverOptions,
  type DriverPackage,
  type MachineOptions,
  UsageError,
  unknownName,
} from "@gpuvm/drm-model";
import { largeScopes, type Scenario, standardScopes } from "@gpuvm/explorer";
import { scenarioOf } from "./bugs/bug.ts";
import { BUGS } from "./bugs/catalogue.ts";
import { nativeScopes } from "./scopes/native.ts";

/** The device has no memory of its own: the pressure that scopes put on the host's then takes what buffers lie in. */
const NO_VRAM = { vram: 0 };
/** How a machine is made where a scenario does not say. */
const WATCHED: MachineOptions = { audit: true, lockdep: true, watch: true };

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

/** Of what memory the machine has only so much, in bytes; absent: as each scope, or the driver, says. */
export interface Budgets {
  /** The device's own. */
  readonly vram?: number;
  /** The host's that the GPU reaches at a time. */
  readonly gart?: number;
  /** The host's that objects may have. */
  readonly memory?: number;
}

const PLACES = ["vram", "gart", "memory"] as const;

/**
 * A selector `POLICY[+DEFECT...][+PLACE=BYTES...]`, taken apart.
 *
 * @throws UsageError for a place that there is not, or no number of bytes
 */
export function parseSelector(selector: string): {
  policy: string;
  options: DriverOptions;
  budgets: Budgets;
} {
  const [policy = "", ...words] = selector.split("+");
  const isBudget = (word: string) => word.includes("=");
  const budgets: Record<string, number> = {};
  for (const word of words.filter(isBudget)) {
    const [place = "", bytes = ""] = word.split("=");
    if (!PLACES.some((known) => known === place)) throw unknownName("place of memory", place, PLACES);
    if (!/^\d+$/.test(bytes))
      throw new UsageError(`"${word}" is not a number of bytes, such as ${place}=65536`);
    budgets[place] = Number(bytes);
  }
  return { policy, options: { defects: new Set(words.filter((word) => !isBudget(word))) }, budgets };
}

/** A selector with budgets: what {@link parseSelector} takes apart. */
export function withBudgets(selector: string, budgets: Budgets): string {
  const words = PLACES.flatMap((place) => {
    const bytes = budgets[place];
    return bytes === undefined ? [] : [`+${place}=${bytes}`];
  });
  return selector + words.join("");
}

/** Scenarios on a machine with budgets. What a scenario says of its own memory stays. */
export function budgeted(scenarios: readonly Scenario[], budgets: Budgets): Scenario[] {
  if (Object.keys(budgets).length === 0) return [...scenarios];
  return scenarios.map((scenario) => ({
    ...scenario,
    machine: { ...budgets, ...(scenario.machine ?? WATCHED) },
  }));
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
  const { options, budgets, driver, variant, variantName } = subjectOf(selector);
  return [
    ...named(selector, [
      ...withoutVram(standardScopes(variant, options), budgets),
      ...nativeScopes(driver, variantName, options, { ...NO_VRAM, ...budgets }),
    ]),
    ...ownOf(selector, driver, variantName, options, budgets),
  ];
}

/**
 * Scopes of `DRIVER[:VARIANT][+DEFECT...]` that take minutes each.
 *
 * @throws UsageError with the drivers and variants there are
 */
export function largeScopesOf(selector: string): Named[] {
  const { options, budgets, variant } = subjectOf(selector);
  return named(selector, withoutVram(largeScopes(variant, options), budgets));
}

function subjectOf(selector: string) {
  const { policy, options, budgets } = parseSelector(selector);
  const { driver, variant, variantName } = subjectNamed(policy);
  const known = defectsOf(driver);
  for (const defect of options.defects ?? [])
    if (!known.includes(defect)) throw unknownName(`defect of ${driver.name}`, defect, known);
  return { options, budgets, driver, variant, variantName };
}

function withoutVram(scopes: readonly Scenario[], budgets: Budgets): Scenario[] {
  return scopes.map((scope) => ({ ...scope, machine: { ...scope.machine, ...NO_VRAM, ...budgets } }));
}

/** The smallest scenarios of the defects that are switched on: what the others may not reach, these do. */
function ownOf(
  selector: string,
  driver: DriverPackage,
  variantName: string,
  options: DriverOptions,
  budgets: Budgets,
): Named[] {
  const on = options.defects ?? new Set<string>();
  return BUGS.filter(
    (bug) =>
      bug.driver.name === driver.name &&
      (bug.variant ?? driver.defaultVariant) === variantName &&
      bug.buggyVariant === undefined &&
      (bug.defects ?? [bug.id]).every((defect) => on.has(defect)),
  ).map((bug) => {
    const [scenario] = budgeted([{ ...scenarioOf(bug, true), options, name: `bug-${bug.id}` }], budgets) as [
      Scenario,
    ];
    return { name: `${selector}/${scenario.name}`, scenario, failures: bug.failures ?? 0 };
  });
}
