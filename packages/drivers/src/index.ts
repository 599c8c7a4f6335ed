/**
 * The five drivers as columns of a comparison: which driver, in which variant, under whose ownership.
 *
 * @example
 * ```ts
 * import { subjects } from "@gpuvm/drivers";
 * const chosen = subjects(["msm", "xe:mainline"], "both");
 * console.assert(chosen.length === 4); // each with soft and with hard ownership
 * ```
 *
 * @packageDocumentation
 */

export {
  addDriver,
  DECLARED,
  DRIVERS,
  driverNamed,
  type OwnershipChoice,
  policyNamed,
  type Subject,
  subjectName,
  subjectNamed,
  subjects,
} from "./subjects.ts";
