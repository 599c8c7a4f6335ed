import { UsageError, unknownName } from "@gpuvm/drm-model";
import { standardScopes } from "@gpuvm/explorer";
import { bugNamed, type Named, named, parseSelector, scopesOf } from "@gpuvm/scenarios";
import { isOutside, loadOutside } from "../inputs/outside-policy.ts";

/**
 * The standard scopes, and the policy's own, in its own terms, of a policy: `DRIVER[:VARIANT][+DEFECT...]`, or the path of a
 * module, `./my-policy.ts[+DEFECT...]`.
 */
export async function scenariosOf(selector: string): Promise<Named[]> {
  if (!isOutside(selector)) return scopesOf(selector);
  const { policy, options } = parseSelector(selector);
  const { driver, module } = await loadOutside(policy);
  const name = /(?<=.{2}):([^/\\]*)$/.exec(policy)?.[1] ?? driver.defaultVariant;
  const variant = Object.hasOwn(driver.variants, name) ? driver.variants[name] : undefined;
  if (variant === undefined)
    throw unknownName(`variant of ${driver.name}`, name, Object.keys(driver.variants));
  return named(selector, [
    ...standardScopes(variant, options),
    ...(module.scenarios?.(variant, options) ?? []),
  ]);
}

/** What a token's name stands for. */
export async function scenarioNamed(name: string): Promise<Named> {
  if (name.startsWith("bug:")) return bugNamed(name.slice(4));
  const slash = name.lastIndexOf("/");
  const found = (await scenariosOf(name.slice(0, slash))).find((candidate) => candidate.name === name);
  if (found === undefined) throw new UsageError(`no scenario is called "${name}"`);
  return found;
}
