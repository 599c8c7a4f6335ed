import { type Application, proposeCompletions } from "@stricli/core";
import type { BenchContext } from "../cli/context.ts";

/** What could stand where the last of these words is, a line each: the word, a tab, what it means. */
export async function propose(
  app: Application<BenchContext>,
  words: readonly string[],
  context: BenchContext,
  commands: Readonly<Record<string, { readonly brief: string }>>,
): Promise<string> {
  const partial = words.at(-1) ?? "";
  // The first word may be a command, or what the default command takes.
  const first = words.length > 1 ? [] : Object.entries(commands);
  const known = first.map(([completion, { brief }]) => ({ completion, brief }));
  const proposed = await proposeCompletions(app, words.length === 0 ? [""] : words, context);
  return [...known, ...proposed]
    .filter(({ completion }) => completion.startsWith(partial))
    .map(({ completion, brief }) => `${completion}\t${brief}\n`)
    .join("");
}
