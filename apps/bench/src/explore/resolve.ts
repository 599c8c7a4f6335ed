import { UsageError, unknownName } from "@gpuvm/drm-model";
import { largeScopes, standardScopes } from "@gpuvm/explorer";
import {
  budgeted,
  bugNamed,
  generatedFor,
  generatedOf,
  largeScopesOf,
  type Named,
  named,
  parseSelector,
  scopesOf,
} from "@gpuvm/scenarios";
import { isOutside, loadOutside, variantPart } from "../inputs/outside-policy.ts";

/**
 * The standard scopes, and the policy's own, in its own terms, of a policy: `DRIVER[:VARIANT][+DEFECT...][+PLACE=BYTES...]`, or with
 * the path of a module, `./my-policy.ts`, in place of the driver.
 */
export async function scenariosOf(selector: string): Promise<Named[]> {
  if (!isOutside(selector)) return scopesOf(selector);
  const { variant, options, budgets, own } = await outside(selector);
  const scopes = [...standardScopes(variant, options), ...(own?.(variant, options) ?? [])];
  return named(selector, budgeted(scopes, budgets));
}

/** Scopes of a policy that take minutes each, and are asked for by name alone. */
export async function largeScenariosOf(selector: string): Promise<Named[]> {
  if (!isOutside(selector)) return largeScopesOf(selector);
  const { variant, options, budgets } = await outside(selector);
  return named(selector, budgeted(largeScopes(variant, options), budgets));
}

/** The generated scenarios of a policy: pairs or triples of its calls. */
export async function generatedScenariosOf(selector: string, arity: number): Promise<Named[]> {
  if (!isOutside(selector)) return generatedOf(selector, arity);
  const { variant, options, budgets } = await outside(selector);
  return generatedFor(selector, variant, options, arity, budgets);
}

async function outside(selector: string) {
  const { policy, options, budgets } = parseSelector(selector);
  const { driver, module } = await loadOutside(policy);
  const name = variantPart(policy) ?? driver.defaultVariant;
  const variant = Object.hasOwn(driver.variants, name) ? driver.variants[name] : undefined;
  if (variant === undefined)
    throw unknownName(`variant of ${driver.name}`, name, Object.keys(driver.variants));
  return { variant, options, budgets, own: module.scenarios };
}

/**
 * Makes sure that a token runs no file but the one that the user named beside it: tokens come with other people's reports.
 *
 * @throws UsageError that says what to add
 */
export function requireNamed(scenario: string, policy: string | undefined): void {
  const { policy: wanted } = parseSelector(scenario.slice(0, Math.max(0, scenario.lastIndexOf("/"))));
  if (!isOutside(wanted) || (policy !== undefined && parseSelector(policy).policy === wanted)) return;
  throw new UsageError(`the token would run ${wanted}: if you want that, add --policy ${wanted}`);
}

/** What a token's name stands for. */
export async function scenarioNamed(name: string): Promise<Named> {
  if (name.startsWith("bug:")) return bugNamed(name.slice(4));
  const slash = name.lastIndexOf("/");
  if (slash < 0) throw new UsageError(`no scenario is called "${name}"`);
  // `idle:map.b1v1+exit`: by a rule.
  const last = name.slice(slash);
  const colon = last.indexOf(":");
  const made = colon >= 0 && last.includes("+", colon) ? last.split("+").length : 0;
  if (made > 0) {
    const all = await generatedScenariosOf(name.slice(0, slash), made);
    const found = all.find((candidate) => candidate.name === name);
    if (found !== undefined) return found;
  }
  const policy = name.slice(0, slash);
  const isIt = (candidate: Named) => candidate.name === name;
  const found = (await scenariosOf(policy)).find(isIt) ?? (await largeScenariosOf(policy)).find(isIt);
  if (found === undefined) throw new UsageError(`no scenario is called "${name}"`);
  return found;
}
