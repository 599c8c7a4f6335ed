import type { BoOwnership } from "@gpuvm/core";
import type { DriverPackage, DriverVariant } from "@gpuvm/drm-model";
import { UsageError } from "@gpuvm/drm-model";
import { msm } from "@gpuvm/policy-msm";
import { nouveau } from "@gpuvm/policy-nouveau";
import { panthor } from "@gpuvm/policy-panthor";
import { powervr } from "@gpuvm/policy-powervr";
import { xe } from "@gpuvm/policy-xe";

/** Every driver that the command knows, in the order of the question. */
export const DRIVERS: readonly DriverPackage[] = [msm, nouveau, xe, panthor, powervr];

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

/** The package of a driver, by name. */
export function driverNamed(name: string): DriverPackage {
  const found = DRIVERS.find((driver) => driver.name === name);
  if (found === undefined) {
    throw new UsageError(`unknown policy "${name}": take one of ${DRIVERS.map((d) => d.name).join(", ")}`);
  }
  return found;
}

/** The subject that `DRIVER[:VARIANT]` names, with its own ownership. */
export function subjectNamed(selector: string): Subject {
  const [name = "", wanted] = selector.split(":", 2);
  const driver = driverNamed(name);
  const variantName = wanted ?? driver.defaultVariant;
  const variant = driver.variants[variantName];
  if (variant === undefined) {
    const known = Object.keys(driver.variants).join(", ");
    throw new UsageError(`${name} has no variant "${variantName}": take one of ${known}`);
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
