import { policyConformance } from "@gpuvm/policy-testkit";
import { describe, expect, it } from "vitest";
import { xe } from "../src/index.ts";

policyConformance(xe, { describe, it, expect });
