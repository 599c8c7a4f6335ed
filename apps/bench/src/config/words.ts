import { UsageError } from "@gpuvm/drm-model";
import type { Command } from "@stricli/core";
import type { BenchContext } from "../cli/context.ts";
import { configWords } from "./apply.ts";
import { type Config, loadConfig } from "./config.ts";
import { findConfig } from "./find.ts";
import { flagSchemas } from "./schema.ts";

/** What the user says of configurations themselves. */
interface Asked {
  /** The words without it. */
  readonly words: readonly string[];
  /** `--config FILE`. */
  readonly path?: string;
  /** `--no-config`. */
  readonly none: boolean;
}

/**
 * The words that the user gave, with what a configuration adds: the one that they name, or else the one that is found.
 *
 * @throws UsageError if it can't be read, or says what it can't
 */
export async function configured(
  argv: readonly string[],
  commands: Readonly<Record<string, Command<BenchContext>>>,
  say: (line: string) => void,
  folder: string = process.cwd(),
): Promise<readonly string[]> {
  const { words, path, none } = asked(argv);
  const [first = ""] = words;
  const isNamed = Object.hasOwn(commands, first);
  const name = isNamed ? first : "run";
  const command = commands[name];
  const asksForHelp = words.some((word) => ["--help", "-h", "--helpAll", "--version", "-v"].includes(word));
  if (command === undefined || none || asksForHelp) return words;
  const config = path === undefined ? await found(folder, say) : await loadConfig(path, true);
  if (config === undefined || !Object.hasOwn(config.commands, name)) return words;
  const rest = isNamed ? words.slice(1) : words;
  const aliases: Readonly<Record<string, string>> = command.parameters.aliases ?? {};
  const added = configWords(config, name, flagSchemas(command), rest, aliases);
  if (added.length > 0) say(`defaults from ${config.path}: ${added.join(" ")}\n`);
  return [name, ...added, ...rest];
}

async function found(folder: string, say: (line: string) => void): Promise<Config | undefined> {
  const { path, passedOver } = findConfig(folder);
  for (const words of passedOver) say(`${words}\n`);
  return path === undefined ? undefined : await loadConfig(path, false);
}

/** Takes `--config FILE` and `--no-config` out; what stands behind `--` is another program's. */
function asked(argv: readonly string[]): Asked {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const words: string[] = [];
  let path: string | undefined;
  let none = false;
  for (let i = 0; i < own.length; i++) {
    const word = own[i] as string;
    if (word === "--no-config") none = true;
    else if (word === "--config") {
      path = own[++i];
      if (path === undefined) throw new UsageError("--config: name a file");
    } else if (word.startsWith("--config=")) path = word.slice("--config=".length);
    else words.push(word);
  }
  if (none && path !== undefined) throw new UsageError("--config and --no-config: one of them");
  if (end >= 0) words.push(...argv.slice(end));
  return path === undefined ? { words, none } : { words, none, path };
}
