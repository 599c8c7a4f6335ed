import type { DriverModel } from "@gpuvm/conformance";
import * as msm from "@gpuvm/policy-msm/answers";
import * as nouveau from "@gpuvm/policy-nouveau/answers";
import * as panthor from "@gpuvm/policy-panthor/answers";
import * as powervr from "@gpuvm/policy-powervr/answers";
import * as xe from "@gpuvm/policy-xe/answers";

/** What a policy package offers at its subpath `answers`. */
export interface DriverAnswers {
  /** Answers as the driver does. */
  readonly MODEL: DriverModel;
  /** What the driver's own code answered; comes with the package. */
  readonly VECTORS: readonly URL[];
}

/** Who answers for which driver in files of what a driver's own code answered. */
export const ANSWERS: readonly DriverAnswers[] = [msm, nouveau, panthor, powervr, xe];
