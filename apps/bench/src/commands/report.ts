import { basename } from "node:path";
import { type ReportInput, reportHtml } from "@gpuvm/report";
import { EXIT } from "../cli/context.ts";
import { writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";
import { readResults } from "../inputs/read-results.ts";

/** The arguments of `report`. */
export interface ReportArgs {
  /** Result files. */
  readonly files: readonly string[];
  /** The page; none: standard output. */
  readonly out: string | undefined;
}

/**
 * Makes one HTML page of result files.
 *
 * @returns the exit code: 0
 */
export async function runReport(
  args: ReportArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  checkOutputs([args.out], args.files);
  const inputs: ReportInput[] = [];
  for (const path of args.files)
    inputs.push({ name: basename(path, ".json"), results: await readResults(path) });
  const html = reportHtml(inputs);
  if (args.out === undefined) print(html);
  else {
    writeWhole(args.out, html);
    say(`${args.out}: open it in a browser\n`);
  }
  return EXIT.ok;
}
