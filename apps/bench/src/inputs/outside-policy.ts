import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { addDriver, DRIVERS } from "@gpuvm/drivers";
import { type DriverOptions, type DriverPackage, type DriverVariant, UsageError } from "@gpuvm/drm-model";
import type { Scenario } from "@gpuvm/explorer";

/** A module that holds a policy: a package of versions, or one version, and maybe scenarios of its own. */
export interface PolicyModule {
  readonly default?: DriverPackage | DriverVariant;
  readonly scenarios?: (variant: DriverVariant, options: DriverOptions) => readonly Scenario[];
}

/** Whether a selector names a file or an installed package instead of one of the project's policies. */
export function isOutside(selector: string): boolean {
  return /^@|[/\\]|\.[cm]?[jt]s$/.test(policyPart(selector));
}

/** What a selector names without its defects: a path may have a `:` of its own only as a drive's letter. */
function policyPart(selector: string): string {
  const from = fileStart(selector);
  const plus = selector.indexOf("+", from);
  const path = plus < 0 ? selector : selector.slice(0, plus);
  const colon = path.indexOf(":", Math.max(2, from));
  return colon < 0 ? path : path.slice(0, colon);
}

/** The variant that a selector names, or null. */
export function variantPart(selector: string): string | null {
  const rest = selector.slice(policyPart(selector).length).split("+", 1)[0] ?? "";
  return rest.startsWith(":") ? rest.slice(1) : null;
}

/** Where the last part of a path begins. */
function fileStart(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
}

/**
 * Loads the module that a selector names.
 *
 * @throws UsageError if it cannot be loaded, or holds no policy
 */
export async function loadOutside(
  selector: string,
): Promise<{ driver: DriverPackage; module: PolicyModule }> {
  const path = policyPart(selector);
  if (!path.startsWith("@") && !existsSync(path))
    throw new UsageError(`${path} cannot be loaded: there is no such file`);
  let module: PolicyModule;
  try {
    module = (await import(urlOf(path))) as PolicyModule;
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded: ${reason(error)}`);
  }
  const { default: policy } = module;
  const found = policy ?? Object.values(module).find(isPackage);
  if (found === undefined) {
    throw new UsageError(`${path} has no default export: export a DriverPackage or a DriverVariant`);
  }
  return { driver: "start" in found ? packageOf(found) : found, module };
}

/**
 * Takes selectors that name a file or an installed package, makes their policies known, and answers what names them now:
 * `./my-policy.ts:second` becomes `my:second`.
 */
export async function knowOutside(selectors: readonly string[]): Promise<string[]> {
  const out: string[] = [];
  for (const selector of selectors) out.push(isOutside(selector) ? await known(selector) : selector);
  return out;
}

const loaded = new Map<string, string>();

/** The modules that {@link knowOutside} has loaded, for another thread to load them, too. */
export function outsideLoaded(): string[] {
  return [...loaded.keys()];
}

async function known(selector: string): Promise<string> {
  const path = policyPart(selector);
  const rest = selector.slice(path.length);
  let name = loaded.get(path);
  if (name === undefined) {
    const { driver } = await loadOutside(path);
    const taken = DRIVERS.some((one) => one.name === driver.name);
    // A copy of one of the project's policies stands beside it under its file's name.
    const own = taken ? { ...driver, name: fileName(path) } : driver;
    addDriver(own);
    name = own.name;
    loaded.set(path, name);
  }
  return `${name}${rest}`;
}

function fileName(path: string): string {
  return path.replace(/\.[cm]?[jt]s$/, "").replace(/^.*[/\\]/, "");
}

function urlOf(path: string): string {
  if (!path.startsWith("@")) return pathToFileURL(resolve(path)).href;
  // An installed package is the user's: looked up from where they stand.
  return pathToFileURL(createRequire(resolve("index.js")).resolve(path)).href;
}

function isPackage(value: unknown): value is DriverPackage {
  return typeof value === "object" && value !== null && "variants" in value && "defaultVariant" in value;
}

function packageOf(variant: DriverVariant): DriverPackage {
  const { driver, variant: name } = variant.policy;
  return { name: driver, variants: { [name]: variant }, defaultVariant: name };
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/import statement outside a module|Unexpected token 'export'/.test(text))
    return `${text}: the nearest package.json does not say "type": "module"; npm pkg set type=module does, or name the file .mjs or .mts`;
  return /Unknown file extension "\.[cm]?ts"/.test(text)
    ? `Node ${process.versions.node} does not read TypeScript. "npm install --save-dev node@24" puts one that does beside it, for npx to use; or leave the types out and name the files .js`
    : text;
}
