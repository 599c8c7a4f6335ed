import { UsageError } from "@gpuvm/drm-model";
import { looksOutside } from "../inputs/looks-outside.ts";
import type { Config } from "./config.ts";
import type { FlagSchema } from "./schema.ts";

/** Flags that answer the same question: who gives one of them does not want the others' defaults. */
const SAME_QUESTION: readonly (readonly string[])[] = [["trace", "workload"]];

/** Flags that write a file: only the user says where. */
export const WRITES: ReadonlySet<string> = new Set(["out", "report", "svg", "perfetto", "saveBaseline"]);

/** Flags that can name code: only the user says what is run. */
export const RUNS: ReadonlySet<string> = new Set(["policy", "reference", "replay"]);

/**
 * The words that a configuration adds to those that the user gave: every flag of the command that they did not give
 * themselves. One that was found, not named, neither says what is run nor where anything is written.
 *
 * @throws UsageError that names the file, for a flag that the command doesn't have or a value that it can't take
 */
export function configWords(
  config: Config,
  command: string,
  schemas: Readonly<Record<string, FlagSchema>>,
  given: readonly string[],
  aliases: Readonly<Record<string, string>>,
): string[] {
  const out: string[] = [];
  for (const [name, value] of Object.entries(config.commands[command] ?? {})) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    if (schema === undefined) {
      const known = Object.keys(schemas).join(", ");
      throw new UsageError(`${config.path}: "${command}" has no flag "${name}"; it has ${known}`);
    }
    const flag = flagOf(name);
    const others = SAME_QUESTION.find((names) => names.includes(name)) ?? [name];
    if (others.some((other) => isGiven(other, flagOf(other), given, aliases))) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      if (schema.type === "boolean" ? typeof one !== "boolean" : !["string", "number"].includes(typeof one)) {
        throw new UsageError(`${config.path}: "${command}.${name}" can't be ${JSON.stringify(one)}`);
      }
      if (!config.named) refuseAuthority(config.path, `${command}.${name}`, name, String(one));
      // In one word, so that no value is taken for another flag.
      if (one === true) out.push(flag);
      else if (one !== false) out.push(`${flag}=${one}`);
    }
  }
  return out;
}

function refuseAuthority(path: string, where: string, name: string, value: string): void {
  const unless = `give it on the command line, or the whole file: --config ${path}`;
  if (WRITES.has(name))
    throw new UsageError(`${path}: "${where}" would write a file, which only you can ask for; ${unless}`);
  if (RUNS.has(name) && looksOutside(value))
    throw new UsageError(`${path}: "${where}" would run ${value}, which only you can ask for; ${unless}`);
}

function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function isGiven(
  name: string,
  flag: string,
  given: readonly string[],
  aliases: Readonly<Record<string, string>>,
): boolean {
  const letters = Object.entries(aliases).flatMap(([letter, of]) => (of === name ? [`-${letter}`] : []));
  const end = given.indexOf("--");
  return (end < 0 ? given : given.slice(0, end)).some(
    (word) => word === flag || word.startsWith(`${flag}=`) || word === `--${name}` || letters.includes(word),
  );
}
