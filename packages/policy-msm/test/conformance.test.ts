import { policyConformance, SCENARIOS } from "@gpuvm/policy-testkit";
import { describe, expect, it } from "vitest";
import { msm } from "../src/index.ts";

/** The control leaks, whatever a program does. */
const control = Object.fromEntries(SCENARIOS.map(({ key }) => [key, "no event ever tears down a mapping"]));

policyConformance(
  msm,
  { describe, it, expect },
  {
    gaps: {
      "hard-naive": control,
      "hard-retire": {
        hostile: "what got an address and was never submitted has no request that could retire",
      },
    },
    // VM_BIND: an error behind the first operation makes the VM unusable. hard-retire: a submit that fails for want of
    // memory never retires, and what it would have used stays mapped.
    withoutUnwind: ["vm-bind", "hard-retire"],
  },
);
