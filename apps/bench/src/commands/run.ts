import { existsSync } from "node:fs";
import { wantsColour, writeWhole } from "../cli/output.ts";
import { Progress } from "../cli/progress.ts";
import { UsageError } from "../cli/usage-error.ts";
import { comparisonMarkdown, comparisonText } from "../format/comparison-text.ts";
import { detailsText, runsCsv } from "../format/details.ts";
import { DRIVERS, type OwnershipChoice, subjectName, subjects } from "../policies.ts";
import { Comparison } from "../run/comparison.ts";
import { replayOne } from "../run/replay-one.ts";
import { resultsOf } from "../run/results.ts";
import { openTrace, shippedSources, type TraceSource } from "../run/source.ts";

/** What `run` prints. */
export type RunFormat = "table" | "json" | "markdown" | "csv";

/** The arguments of `run`. */
export interface RunArgs {
  /** Trace files; none: those that come with the project. */
  readonly trace: readonly string[];
  /** `DRIVER[:VARIANT]`; none: every driver's default. */
  readonly policy: readonly string[];
  /** Whose ownership the VMs have. */
  readonly ownership: OwnershipChoice;
  /** What is printed. */
  readonly format: RunFormat;
  /** Also prints a table for each trace. */
  readonly details: boolean;
  /** Writes what would be printed into a file. */
  readonly out: string | undefined;
  /** Records every holder of every reference. */
  readonly audit: boolean;
  /** Checks the locking rules. */
  readonly lockdep: boolean;
  /** How often each trace is replayed on the same machine. */
  readonly repeat: number;
  /** How often each replay is timed, in interleaved rounds. */
  readonly samples: number;
}

/** Positional words are traces, or policies where that is what they name. */
export function sortWords(words: readonly string[], args: RunArgs): RunArgs {
  const isPolicy = (word: string) =>
    !existsSync(word) && DRIVERS.some((d) => d.name === word.split(":", 1)[0]);
  return {
    ...args,
    trace: [...args.trace, ...words.filter((word) => !isPolicy(word))],
    policy: [...args.policy, ...words.filter(isPolicy)],
  };
}

/**
 * Replays traces on policies and compares them.
 *
 * @returns the exit code: 0, or 1 if a driver under its own ownership left something behind or ran into a hazard
 */
export async function runRun(args: RunArgs, print: (text: string) => void): Promise<number> {
  const columns = subjects(args.policy, args.ownership);
  const paths = args.trace.length === 0 ? shippedSources() : args.trace;
  for (const path of paths) {
    if (!existsSync(path)) throw new UsageError(`${path}: no such trace file`);
  }
  const comparison = new Comparison(columns);
  const progress = new Progress({ total: paths.length * columns.length * args.samples, unit: "replays" });
  const sources: TraceSource[] = [];
  for (const path of paths) sources.push(await openTrace(path));
  let done = 0;
  // Rounds, not runs of the same replay: whatever slows the machine down for a while slows all of them.
  for (let round = 0; round < args.samples; round++) {
    for (const source of sources) {
      for (const subject of columns) {
        const what = `${source.name} on ${subjectName(subject)}`;
        const onProgress = (events: number) => progress.show(done, `${what}, ${events} events`);
        comparison.add(await replayOne(source, subject, { ...args, onProgress }));
        progress.show(++done, what);
      }
    }
  }
  progress.end();
  const text = render(comparison, args);
  if (args.out === undefined) print(text);
  else writeWhole(args.out, text);
  const own = comparison.runs.filter((run) => !run.subject.includes("+"));
  return own.some(
    (run) => run.hazards > 0 || run.left_at_device_close.bos > 0 || run.left_at_device_close.vms > 0,
  )
    ? 1
    : 0;
}

function render(comparison: Comparison, args: RunArgs): string {
  const { runs } = comparison;
  const { audit, lockdep, repeat, samples } = args;
  switch (args.format) {
    case "json":
      return `${JSON.stringify(resultsOf(runs, { audit, lockdep, repeat, samples }), null, 2)}\n`;
    case "csv":
      return runsCsv(runs);
    case "markdown":
      return comparisonMarkdown(comparison) + (args.details ? `\n${detailsText(runs, true)}` : "");
    case "table":
      return (
        (args.details ? `${detailsText(runs, false)}\n` : "") + comparisonText(comparison, wantsColour())
      );
  }
}
