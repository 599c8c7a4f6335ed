import { basename } from "node:path";
import { count, mergeResults, type NamedResults, resultsText } from "@gpuvm/results";
import { EXIT } from "../cli/context.ts";
import { writeWhole } from "../cli/output.ts";
import { say as toStderr } from "../cli/say.ts";
import { readResults } from "../inputs/read-results.ts";

/** The arguments of `merge`. */
export interface MergeArgs {
  /** Result files. */
  readonly files: readonly string[];
  /** The result file to write; none: standard output. */
  readonly out: string | undefined;
}

/**
 * Joins the parts of a run that was split with `--shard`.
 *
 * @returns the exit code: 0
 */
export async function runMerge(
  args: MergeArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const parts: NamedResults[] = [];
  for (const path of args.files) parts.push({ name: basename(path), results: await readResults(path) });
  const merged = mergeResults(parts);
  if (args.out === undefined) print(resultsText(merged));
  else {
    writeWhole(args.out, resultsText(merged));
    say(`${args.out}: ${count(merged.runs.length)} replays of ${args.files.length} files\n`);
  }
  return EXIT.ok;
}
