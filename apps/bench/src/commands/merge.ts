import { basename } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { count, mergeResults, type NamedResults, parseResults, resultsText } from "@gpuvm/results";
import { EXIT } from "../cli/context.ts";
import { writeWhole } from "../cli/output.ts";
import { say as toStderr } from "../cli/say.ts";
import { joinExplored, partOf } from "../explore/explored-part.ts";
import { readNamed } from "../inputs/read-results.ts";

/** The arguments of `merge`. */
export interface MergeArgs {
  /** Result files. */
  readonly files: readonly string[];
  /** The result file to write; none: standard output. */
  readonly out: string | undefined;
}

/**
 * Joins the parts of a run, or of an exploration, that was split with `--shard`.
 *
 * @returns the exit code: 0, or of an exploration that of the whole
 */
export async function runMerge(
  args: MergeArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const texts: { readonly name: string; readonly text: string }[] = [];
  for (const path of args.files) texts.push(await readNamed(path));
  const explored = texts.flatMap(({ name, text }) => partOf(name, text) ?? []);
  if (explored.length > 0) return joinedExploration(explored, texts, args, print, say);
  const parts: NamedResults[] = texts.map(({ name, text }) => ({
    name: basename(name),
    results: parseResults(text, name),
  }));
  const merged = mergeResults(parts);
  if (args.out === undefined) print(resultsText(merged));
  else {
    writeWhole(args.out, resultsText(merged));
    say(`${args.out}: ${count(merged.runs.length)} replays of ${args.files.length} files\n`);
  }
  return EXIT.ok;
}

function joinedExploration(
  parts: Parameters<typeof joinExplored>[0],
  texts: readonly { readonly name: string }[],
  { out }: MergeArgs,
  print: (text: string) => void,
  say: (line: string) => void,
): number {
  const other = texts.find(({ name }) => !parts.some((part) => part.name === name));
  if (other !== undefined)
    throw new UsageError(`${other.name} is no part of an exploration, ${parts[0]?.name} is one`);
  const { text, code } = joinExplored(parts);
  if (out === undefined) print(text);
  else {
    writeWhole(out, text);
    say(`${out}: ${parts.length} parts\n`);
  }
  return code;
}
