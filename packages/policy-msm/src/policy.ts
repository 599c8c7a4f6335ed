import { type BoOwnership, type ReferencePolicy, withOwnership } from "@gpuvm/core";
import type { MsmRules } from "./rules.ts";
export function policyOf(rules: MsmRules, ownership?: BoOwnership): ReferencePolicy {
  const policy: ReferencePolicy = {
    driver: "msm",
    variant: rules.name,
    models: rules.models,
    boOwnership: rules.managed,
    edges: [],
    unties: [],
    capabilities: [],
  };
  return ownership === undefined ? policy : withOwnership(policy, ownership);
}
