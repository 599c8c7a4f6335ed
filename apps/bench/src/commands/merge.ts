import { basename } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { count, mergeResults, type NamedResults, parseResults, resultsText } from "@gpuvm/results";
import type { GeneratedResult } from "@gpuvm/scenarios";
import { EXIT } from "../cli/context.ts";
import { writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";
import { type ExploredJson, joinExplored } from "../explore/explored-part.ts";
import { readNamed } from "../inputs/read-results.ts";
import { partOf } from "../run/part-file.ts";
import type { Part } from "../run/parts.ts";
import { type BugJson, joinBugs } from "./bugs-part.ts";

/** The arguments of `merge`. */
export interface MergeArgs {
  /** Result files. */
  readonly files: readonly string[];
  /** The result file to write; none: standard output. */
  readonly out: string | undefined;
}

/**
 * Joins the parts of a run, of an exploration or of `bugs` that was split with `--shard`.
 *
 * @returns the exit code: 0, or of an exploration or of bugs that of the whole
 */
export async function runMerge(
  args: MergeArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  checkOutputs([args.out], args.files);
  const twice = args.files.find((file, i) => args.files.indexOf(file) !== i);
  if (twice !== undefined) throw new UsageError(`${twice} is given twice: its samples would count twice`);
  const texts: { readonly name: string; readonly text: string }[] = [];
  for (const path of args.files) texts.push(await readNamed(path));
  const explored = texts.flatMap(
    ({ name, text }) => partOf<ExploredJson | GeneratedResult>("explore", name, text) ?? [],
  );
  if (explored.length > 0)
    return joined(explored, "an exploration", () => joinExplored(explored), texts, args, print, say);
  const bugs = texts.flatMap(({ name, text }) => partOf<BugJson>("bugs", name, text) ?? []);
  if (bugs.length > 0) return joined(bugs, "a search of bugs", () => joinBugs(bugs), texts, args, print, say);
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

function joined(
  parts: readonly Part<unknown>[],
  what: string,
  join: () => { readonly text: string; readonly code: number },
  texts: readonly { readonly name: string }[],
  { out }: MergeArgs,
  print: (text: string) => void,
  say: (line: string) => void,
): number {
  const other = texts.find(({ name }) => !parts.some((part) => part.name === name));
  if (other !== undefined)
    throw new UsageError(`${other.name} is no part of ${what}, ${parts[0]?.name} is one`);
  const { text, code } = join();
  if (out === undefined) print(text);
  else {
    writeWhole(out, text);
    say(`${out}: ${parts.length} parts\n`);
  }
  return code;
}
