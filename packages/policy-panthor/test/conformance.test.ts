import { policyConformance } from "@gpuvm/policy-testkit";
import { describe, expect, it } from "vitest";
import { panthor } from "../src/index.ts";

policyConformance(panthor, { describe, it, expect });
