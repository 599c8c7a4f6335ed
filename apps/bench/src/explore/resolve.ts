import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type DriverOptions, type DriverPackage, type DriverVariant, UsageError } from "@gpuvm/drm-model";
import { type Scenario, standardScopes } from "@gpuvm/explorer";
import { bugNamed, type Named, named, parseSelector, scopesOf } from "@gpuvm/scenarios";

/** A module that holds a policy: a package of versions, or one version, and maybe scenarios of its own. */
interface PolicyModule {
  readonly default?: DriverPackage | DriverVariant;
  readonly scenarios?: (variant: DriverVariant, options: DriverOptions) => readonly Scenario[];
}

/**
 * The standard scopes, and the policy's own, in its own terms, of a policy: `DRIVER[:VARIANT][+DEFECT...]`, or the path of a
 * module, `./my-policy.ts[+DEFECT...]`.
 */
export async function scenariosOf(selector: string): Promise<Named[]> {
  const { policy, options } = parseSelector(selector);
  if (!/[/\\]|\.[cm]?[jt]s$/.test(policy)) return scopesOf(selector);
  const { variant, own } = await load(policy);
  return named(selector, [...standardScopes(variant, options), ...(own?.(variant, options) ?? [])]);
}

async function load(path: string): Promise<{ variant: DriverVariant; own: PolicyModule["scenarios"] }> {
  let module: PolicyModule;
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as PolicyModule;
  } catch (error) {
    throw new UsageError(
      `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const { default: policy } = module;
  if (policy === undefined) {
    throw new UsageError(`${path} has no default export: export a DriverPackage or a DriverVariant`);
  }
  if ("start" in policy) return { variant: policy, own: module.scenarios };
  const variant = policy.variants[policy.defaultVariant];
  if (variant === undefined) throw new UsageError(`${path}: the default variant is not among its variants`);
  return { variant, own: module.scenarios };
}

/** What a token's name stands for. */
export async function scenarioNamed(name: string): Promise<Named> {
  if (name.startsWith("bug:")) return bugNamed(name.slice(4));
  const slash = name.lastIndexOf("/");
  const found = (await scenariosOf(name.slice(0, slash))).find((candidate) => candidate.name === name);
  if (found === undefined) throw new UsageError(`no scenario is called "${name}"`);
  return found;
}
