/**
 * What the explorer explores: real bugs with their switches, and small scopes in each driver's own terms.
 *
 * @example
 * ```ts
 * import { dpor } from "@gpuvm/explorer";
 * import { BUGS, scenarioOf } from "@gpuvm/scenarios";
 * const bug = BUGS.find(({ id }) => id === "X4")!;
 * const found = (buggy: boolean) => dpor(scenarioOf(bug, buggy), {}).findings.length > 0;
 * console.assert(found(true) && !found(false));
 * ```
 *
 * @packageDocumentation
 */

export { type Bug, scenarioOf } from "./bugs/bug.ts";
export { BUGS, UNEXPRESSED, type Unexpressed } from "./bugs/catalogue.ts";
export { type BugResult, checkBug } from "./bugs/check.ts";
export { RULES, type Rule, type RuleResult, type RuleRow } from "./bugs/rules.ts";
export {
  concludeParts,
  type Explored,
  exploreOne,
  type How,
  isShared,
  type Method,
  type Shown,
  searchOne,
  searchPartOf,
  showAll,
} from "./explore-one.ts";
export {
  type Cause,
  exploreGenerated,
  type GeneratedHow,
  type GeneratedResult,
  generatedFor,
  generatedOf,
  joinGenerated,
  refusedSetup,
} from "./generated.ts";
export {
  type Budgets,
  budgeted,
  bugNamed,
  defectsOf,
  largeScopesOf,
  type Named,
  named,
  parseSelector,
  scopesOf,
  withBudgets,
} from "./named.ts";
export { nativeScopes } from "./scopes/native.ts";
