import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "@gpuvm/drm-model";
import { readText } from "../inputs/read-text.ts";

/** The configuration that is looked for. */
export const DATA_NAME = "gpuvm.config.json";

/** Names of configurations that are code: they have to be named. */
export const CODE_NAMES = ["gpuvm.config.ts", "gpuvm.config.js", "gpuvm.config.mjs"] as const;

/** What a configuration says: for each command, flags and their values. */
export interface Config {
  readonly path: string;
  /** The user named it on the command line: it may say what they could. */
  readonly named: boolean;
  readonly commands: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * Reads a configuration; one that is not JSON is run.
 *
 * @throws UsageError that names the file, if it can't be read or is none
 */
export async function loadConfig(path: string, named: boolean): Promise<Config> {
  if (named && statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UsageError(`--config ${path}: is no file`);
  const value = path.endsWith(".json") ? await fromJson(path) : await fromCode(path);
  return { path, named, commands: checked(path, value) };
}

async function fromJson(path: string): Promise<unknown> {
  const text = await readText(path, "give an object of commands, or --no-config");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path}: is not JSON (${(error as Error).message})`);
  }
}

async function fromCode(path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    const old = path.endsWith(".ts") && (error as { code?: string }).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const hint = old ? "; this Node reads no TypeScript: use gpuvm.config.json or .mjs" : "";
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${path}: cannot be read: ${why}${hint}`);
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
