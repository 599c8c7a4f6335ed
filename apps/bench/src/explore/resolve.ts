import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DriverOptions, DriverPackage, DriverVariant } from "@gpuvm/drm-model";
import { type Scenario, standardScopes } from "@gpuvm/explorer";
import { scenarioOf } from "../bugs/bug.ts";
import { BUGS } from "../bugs/catalogue.ts";
import { UsageError } from "../cli/usage-error.ts";
import { subjectNamed } from "../policies.ts";
import { nativeScopes } from "../scopes/native.ts";

/** A scenario with the name under which tokens find it again. */
export interface Named {
  /** `xe:mainline+X4/close-vs-bind`, or `bug:X4`. */
  readonly name: string;
  readonly scenario: Scenario;
  /** Failures that it is explored with unless something else is asked for. */
  readonly failures: number;
}

/** A module that holds a policy: a package of versions, or one version, and maybe scenarios of its own. */
interface PolicyModule {
  readonly default?: DriverPackage | DriverVariant;
  readonly scenarios?: (variant: DriverVariant, options: DriverOptions) => readonly Scenario[];
}

/** The scenario of a bug, with the defect. */
export function bugNamed(id: string): Named {
  const bug = BUGS.find((b) => b.id === id);
  if (bug === undefined) {
    throw new UsageError(`unknown bug "${id}": take one of ${BUGS.map((b) => b.id).join(", ")}`);
  }
  return { name: `bug:${id}`, scenario: scenarioOf(bug, true), failures: bug.failures ?? 0 };
}

/**
 * The standard scopes, and the policy's own, in its own terms, of a policy: `DRIVER[:VARIANT][+DEFECT...]`, or the path of a
 * module, `./my-policy.ts[+DEFECT...]`.
 */
export async function scenariosOf(selector: string): Promise<Named[]> {
  const [policy = "", ...defects] = selector.split("+");
  const options: DriverOptions = { defects: new Set(defects) };
  const isPath = /[/\\]|\.[cm]?[jt]s$/.test(policy);
  const { variant, own } = isPath ? await load(policy) : shipped(policy);
  const all = [...standardScopes(variant, options), ...(own?.(variant, options) ?? [])];
  return all.map((scenario) => ({ name: `${selector}/${scenario.name}`, scenario, failures: 0 }));
}

/** A driver that ships, with the scopes in its own terms. */
function shipped(policy: string): { variant: DriverVariant; own: PolicyModule["scenarios"] } {
  const { driver, variant, variantName } = subjectNamed(policy);
  return { variant, own: (_, options) => nativeScopes(driver, variantName, options) };
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
  const found = (await scenariosOf(name.slice(0, slash))).find((named) => named.name === name);
  if (found === undefined) throw new UsageError(`no scenario is called "${name}"`);
  return found;
}
