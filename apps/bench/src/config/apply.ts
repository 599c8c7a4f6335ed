import { UsageError } from "@gpuvm/drm-model";
import type { Config } from "./config.ts";
import type { FlagSchema } from "./schema.ts";

/** Flags that answer the same question: who gives one of them does not want the others' defaults. */
const SAME_QUESTION: readonly (readonly string[])[] = [["trace", "workload"]];

/**
 * The words that a configuration adds to those that the user gave: every flag of the command that they did not give
 * themselves.
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
    const schema = schemas[name];
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
      if (one === true) out.push(flag);
      else if (one !== false) out.push(flag, String(one));
    }
  }
  return out;
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
