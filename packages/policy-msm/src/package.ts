import type { DriverPackage, DriverVariant } from "@gpuvm/drm-model";
import { startMsm } from "./driver.ts";
import { policyOf } from "./policy.ts";
import type { MsmRules } from "./rules.ts";
import { msmUserspace } from "./userspace.ts";
import { MSM_RULES } from "./variants.ts";

function variant(rules: MsmRules): DriverVariant {
  return {
    policy: policyOf(rules),
    start: (machine, options) => startMsm(machine, rules, options),
    userspace: msmUserspace(rules),
  };
}

/** msm: Qualcomm's Adreno GPUs and their display. */
export const msm: DriverPackage = {
  name: "msm",
  variants: Object.fromEntries(MSM_RULES.map((rules) => [rules.name, variant(rules)])),
  defaultVariant: "soft",
};
