import type { DriverPackage, DriverVariant } from "@gpuvm/drm-model";
import { startMsm } from "./drv/driver.ts";
import { policyOf } from "./policy/policy.ts";
import type { MsmRules } from "./policy/rules.ts";
import { MSM_RULES } from "./policy/variants.ts";
import { msmUserspace } from "./userspace/userspace.ts";

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
