import { count } from "@gpuvm/results";
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
import { Inputs } from "../inputs/open-input.ts";

/** The arguments of `lint`. */
export interface LintArgs {
  /** Files of any known format; `-` is standard input. */
  readonly files: readonly string[];
  /** `json`: one object for each finding, a line each. */
  readonly format: "text" | "json";
  /** Findings of one kind that are shown for each file; the others are counted. */
  readonly max: number;
  /** The least severity that makes the check fail. */
  readonly failOn: Severity;
  /** The format, where it can't be told from the first lines. */
  readonly from?: ImportFormat;
}

const RANK: Readonly<Record<Severity, number>> = { note: 0, warning: 1, error: 2 };

/**
 * Checks files and shows each finding with its line.
 *
 * @returns the exit code: 0, or 1 if there is a finding as bad as `failOn`
 */
export async function runLint(
  args: LintArgs,
  print: (text: string) => void,
  say: (text: string) => void = (text) => void process.stderr.write(text),
): Promise<number> {
  const inputs = new Inputs(args.files, interruptSignal());
  const found: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  const format = args.from === undefined ? {} : { format: args.from };
  try {
    for (const file of args.files) {
      const seen = new Map<string, number>();
      const show = (finding: Finding) => {
        found[finding.severity]++;
        const n = (seen.get(finding.code) ?? 0) + 1;
        seen.set(finding.code, n);
        if (n > args.max) return;
        inputs.end();
        print(`${args.format === "json" ? JSON.stringify(finding) : formatFinding(finding)}\n`);
      };
      const linter = new Linter(file, show);
      for await (const batch of await importFile(inputs.open(file), { file, ...format })) {
        for (const item of batch) linter.push(item);
      }
      linter.end();
      for (const [code, n] of seen) {
        if (n > args.max) say(`${file}: ${count(n - args.max)} more of [${code}] (--max shows them)\n`);
      }
    }
  } finally {
    inputs.end();
  }
  say(`${found.error} error(s), ${found.warning} warning(s), ${found.note} note(s)\n`);
  const worst = (Object.keys(found) as Severity[]).filter((severity) => found[severity] > 0);
  return worst.some((severity) => RANK[severity] >= RANK[args.failOn]) ? EXIT.violated : EXIT.ok;
}
