import type { BoOwnership, ReferencePolicy } from "@gpuvm/core";
import type { DriverPackage, DriverVariant } from "@gpuvm/drm-model";
import { UsageError, unknownName } from "@gpuvm/drm-model";
import { msm } from "@gpuvm/policy-msm";
import { nouveau } from "@gpuvm/policy-nouveau";
import { panthor } from "@gpuvm/policy-panthor";
import { powervr } from "@gpuvm/policy-powervr";
import { type DeclaredDriver, tyr } from "@gpuvm/policy-tyr";
import { xe } from "@gpuvm/policy-xe";

/** Every driver that the command knows, in the order of the question. */
export const DRIVERS: readonly DriverPackage[] = [msm, nouveau, xe, panthor, powervr];

/** Drivers that have no interface for programs yet: what they declare can be looked at, and nothing runs. */
export const DECLARED: readonly DeclaredDriver[] = [tyr];

/** What `--ownership` takes. */
export type OwnershipChoice = "native" | BoOwnership | "both";

/** One column of a comparison. */
export interface Subject {
  /** The driver's package. */
  readonly driver: DriverPackage;
  /** The variant's name. */
  readonly variantName: string;
  /** The variant. */
  readonly variant: DriverVariant;
  /** Whether its VMs count their objects. */
  readonly boOwnership: BoOwnership;
}

/** `msm:soft`, with `+hard` if it runs with the ownership that is not its own. */
export function subjectName(subject: Subject): string {
  const { driver, variantName, variant, boOwnership } = subject;
  const foreign = variant.policy.boOwnership === boOwnership ? "" : `+${boOwnership}`;
  return `${driver.name}:${variantName}${foreign}`;
}

/** Policies from outside, which can be named like those that come with the project. */
const outside: DriverPackage[] = [];

/**
 * Makes a policy from outside known by its name, so that it can be named wherever one of the project's can.
 *
 * @throws UsageError if there is one of that name already
 */
export function addDriver(driver: DriverPackage): void {
  if ([...DRIVERS, ...outside].some(({ name }) => name === driver.name)) {
    throw new UsageError(
      `there is a policy called "${driver.name}" already: give yours another name (policy.driver, or the package's name)`,
    );
  }
  outside.push(driver);
}

/** The package of a driver, by name. */
export function driverNamed(name: string): DriverPackage {
  const all = [...DRIVERS, ...outside];
  const found = all.find((driver) => driver.name === name);
  const declared = DECLARED.find((driver) => driver.name === name);
  if (declared !== undefined)
    throw new UsageError(`${declared.noPrograms}. "why ${name}" shows what it declares.`);
  if (found === undefined) {
    throw unknownName(
      "policy",
      name,
      all.map((driver) => driver.name),
    );
  }
  return found;
}

/**
 * What a policy declares of itself, by `DRIVER[:VARIANT]`: of every driver, also of those on which no program can run.
 *
 * @throws UsageError for an unknown driver or variant
 */
export function policyNamed(selector: string): ReferencePolicy {
  const [name = "", wanted] = selector.split(":", 2);
  const declared = DECLARED.find((driver) => driver.name === name);
  if (declared === undefined) return subjectNamed(selector).variant.policy;
  const variant = wanted ?? declared.defaultVariant;
  const policy = Object.hasOwn(declared.variants, variant) ? declared.variants[variant] : undefined;
  if (policy === undefined) throw unknownName(`variant of ${name}`, variant, Object.keys(declared.variants));
  return policy;
}

/** The subject that `DRIVER[:VARIANT]` names, with its own ownership. */
export function subjectNamed(selector: string): Subject {
  const [name = "", wanted] = selector.split(":", 2);
  const driver = driverNamed(name);
  const variantName = wanted ?? driver.defaultVariant;
  const variant = Object.hasOwn(driver.variants, variantName) ? driver.variants[variantName] : undefined;
  if (variant === undefined) {
    throw unknownName(`variant of ${name}`, variantName, Object.keys(driver.variants));
  }
  return { driver, variantName, variant, boOwnership: variant.policy.boOwnership };
}

/** The columns for a choice of policies (none: every driver's default) and of ownership. */
export function subjects(selectors: readonly string[], ownership: OwnershipChoice): Subject[] {
  const chosen = selectors.length === 0 ? DRIVERS.map((d) => d.name) : selectors;
  return chosen.map(subjectNamed).flatMap((subject): Subject[] => {
    if (ownership === "native") return [subject];
    if (ownership !== "both") return [{ ...subject, boOwnership: ownership }];
    return [
      { ...subject, boOwnership: "soft" },
      { ...subject, boOwnership: "hard" },
    ];
  });
}
