import type { DriverModel } from "@gpuvm/conformance";

/** Who answers for which driver in files of what a driver's own code answered. */
export const ANSWERS: readonly DriverModel[] = [];
