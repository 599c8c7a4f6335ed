import { count } from "@gpuvm/results/units";
import {
  type Finding,
  formatFinding,
  type ImportFormat,
  importFile,
  Linter,
  type Severity,
} from "@gpuvm/trace/node";
import { EXIT } from "../cli/context.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { readersPace, say as toStderr } from "../cli/say.ts";
import { passedOver } from "../format/passed-over.ts";
import { folded } from "../format/wrapped.ts";
import { openFolders } from "../inputs/folder.ts";
import { Inputs } from "../inputs/open-input.ts";
import { tracePath } from "../inputs/trace-path.ts";

/** The arguments of `lint`. */
export interface LintArgs {
  /** Files of any known format, or folders of them; `-` is standard input. */
  readonly files: readonly string[];
  /** `json`: one object for each finding, a line each. */
  readonly format: "text" | "json";
  /** Findings of one kind that are shown for each file; the others are counted. */
  readonly max: number;
  /** The least severity that makes the check fail. */
  readonly failOn: Severity;
  /** The format, where it can't be told from the first lines. */
  readonly from?: ImportFormat;
  /** Columns of the terminal; none: a line for each finding, however long. */
  readonly width?: number;
}

const RANK: Readonly<Record<Severity, number>> = { note: 0, warning: 1, error: 2 };

/**
 * Checks files and shows each finding with its line.
 *
 * @returns the exit code: 0; 1 if there is a finding as bad as `failOn`; 4 if there is none, but not all was understood
 */
export async function runLint(
  args: LintArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const signal = interruptSignal();
  const { files, others } = openFolders(args.files.map(tracePath));
  if (others.length > 0) say(`not read, as they are in no known format: ${others.join(", ")}\n`);
  const inputs = new Inputs(files, signal);
  const found: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  const format = args.from === undefined ? {} : { format: args.from };
  const seen = new Map<string, number>();
  const show = (finding: Finding) => {
    found[finding.severity]++;
    const key = `${finding.file}: more of [${finding.code}]`;
    const n = (seen.get(key) ?? 0) + 1;
    seen.set(key, n);
    if (n > args.max) return;
    inputs.end();
    if (args.format === "json") print(`${JSON.stringify(finding)}\n`);
    // In a file, a line for each finding.
    else
      print(
        `${args.width === undefined ? formatFinding(finding) : folded(formatFinding(finding), args.width)}\n`,
      );
  };
  const linters: Linter[] = [];
  try {
    for (const file of files) {
      const linter = new Linter(file, show);
      linters.push(linter);
      const stream = await importFile(inputs.open(file), { file, ...format });
      for await (const batch of stream) {
        signal.throwIfAborted();
        for (const item of batch) linter.push(item);
        await readersPace(signal);
      }
      linter.end(stream.skipped);
      passedOver(file, stream.skipped, say);
    }
    // A fault may stand in another file than the binds before it.
    for (const linter of linters) linter.lookUpFaults(linters.filter((other) => other !== linter));
  } finally {
    inputs.end();
  }
  for (const [key, n] of seen) if (n > args.max) say(`${key}: ${count(n - args.max)} (--max shows them)\n`);
  say(`${found.error} error(s), ${found.warning} warning(s), ${found.note} note(s)\n`);
  const worst = (Object.keys(found) as Severity[]).filter((severity) => found[severity] > 0);
  if (worst.some((severity) => RANK[severity] >= RANK[args.failOn])) return EXIT.violated;
  return linters.every((linter) => linter.complete) ? EXIT.ok : EXIT.incomplete;
}
