import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "@gpuvm/drm-model";

/** Names that are looked for, in this order, where the user stands and then above. */
export const CONFIG_NAMES = [
  "gpuvm.config.ts",
  "gpuvm.config.js",
  "gpuvm.config.mjs",
  "gpuvm.config.json",
] as const;

/** What a configuration says: for each command, flags and their values. */
export interface Config {
  readonly path: string;
  readonly commands: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The configuration that holds in a folder, if there is one. */
export async function findConfig(folder: string): Promise<Config | undefined> {
  for (let dir = resolve(folder); ; dir = dirname(dir)) {
    for (const name of CONFIG_NAMES) {
      const path = join(dir, name);
      if (existsSync(path)) return { path, commands: checked(path, await load(path)) };
    }
    if (dirname(dir) === dir) return undefined;
  }
}

async function load(path: string): Promise<unknown> {
  try {
    if (path.endsWith(".json")) return JSON.parse(readFileSync(path, "utf8"));
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    const old = path.endsWith(".ts") && (error as { code?: string }).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const hint = old ? "; this Node reads no TypeScript: use gpuvm.config.json or .mjs" : "";
    throw new UsageError(`${path}: cannot be read: ${(error as Error).message}${hint}`);
  }
}

function checked(path: string, value: unknown): Config["commands"] {
  const isObject = (x: unknown): x is Record<string, unknown> =>
    typeof x === "object" && x !== null && !Array.isArray(x);
  if (!isObject(value)) {
    throw new UsageError(
      `${path}: must ${path.endsWith(".json") ? "be" : "export by default"} an object of commands`,
    );
  }
  const { $schema: _, ...commands } = value;
  for (const [command, flags] of Object.entries(commands)) {
    if (!isObject(flags)) throw new UsageError(`${path}: "${command}" must be an object of flags`);
  }
  return commands as Config["commands"];
}
