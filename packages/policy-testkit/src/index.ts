/**
 * The conformance suite that every policy passes; for policies written elsewhere, too.
 *
 * @packageDocumentation
 */

export {
  type Assertion,
  type ConformanceOptions,
  type DeclareTest,
  type Gaps,
  policyConformance,
  type TestRunner,
} from "./conformance.ts";
export { type DeclarationGaps, declarationGaps } from "./declaration.ts";
export { type Ask, NOTHING, Program } from "./program.ts";
export { SCENARIOS, type Scenario } from "./scenarios.ts";
